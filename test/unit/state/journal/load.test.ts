import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createStore } from '../../../../src/metrics/store.ts';
import { createJournal } from '../../../../src/state/journal/journal.ts';
import { loadJournal } from '../../../../src/state/journal/load.ts';
import { takeSnapshot } from '../../../../src/state/snapshot.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const NOW = Date.UTC(2026, 0, 1);
const ASIDE = 'state.journal.corrupt-2026-01-01T00-00-00.000Z';

async function folder(t: TestContext): Promise<{ readonly dir: string; readonly path: string }> {
  const dir = await tempDir(t);
  return { dir, path: join(dir, 'state.journal') };
}

/** A journal with one series of 17. */
async function writeGood(path: string): Promise<void> {
  const store = createStore({ clock: createManualClock() });
  store.add('llm_tokens_total', { provider: 'p', model: 'm', token_type: 'input' }, 17);
  const journal = createJournal({ path, prepare: async () => {} });
  await journal.write(takeSnapshot(store, {}));
  await journal.close();
}

const seriesOf = ({ families }: Awaited<ReturnType<typeof loadJournal>>) => families.flatMap(({ series }) => series);

describe('loading state', () => {
  test('finds none in a new folder, and what is there in another', async (t) => {
    const { dir, path } = await folder(t);
    assert.equal((await loadJournal(path, NOW)).load, 'empty');
    assert.equal((await loadJournal(join(dir, 'nowhere', 'state.journal'), NOW)).load, 'empty');
    await writeGood(path);
    const found = await loadJournal(path, NOW);
    assert.deepEqual([found.load, found.setAside, seriesOf(found)[0]?.values], ['restored', undefined, [17]]);
    assert.deepEqual(await readdir(dir), ['state.journal']);
  });

  test('takes up what is valid of a damaged file, and keeps that in its place for the next start', async (t) => {
    const { dir, path } = await folder(t);
    await writeGood(path);
    const good = await readFile(path);
    await writeFile(path, Buffer.concat([good, Buffer.from('{"values":5,"set":[[0,1]]}\nrubbish\n')]));
    for (const _ of ['first', 'second']) {
      const found = await loadJournal(path, NOW);
      assert.deepEqual([found.load, found.setAside, seriesOf(found)[0]?.values], ['corrupt', join(dir, ASIDE), [17]]);
      assert.match(found.damage ?? '', /^line \d+ is not of this format$/);
      assert.match(await readFile(join(dir, ASIDE), 'utf8'), /rubbish/);
      assert.deepEqual((await readdir(dir)).sort(), ['state.journal', ASIDE]);
    }
  });

  test('keeps the three newest of the files set aside', async (t) => {
    const { dir, path } = await folder(t);
    await writeFile(path, '');
    for (let hour = 0; hour < 5; hour += 1) await loadJournal(path, NOW + hour * 3_600_000);
    const names = ['02', '03', '04'].map((hour) => `state.journal.corrupt-2026-01-01T${hour}-00-00.000Z`);
    assert.deepEqual((await readdir(dir)).sort(), ['state.journal', ...names]);
  });

  const strangers: readonly (readonly [what: string, damage: RegExp, make: (path: string) => unknown])[] = [
    ['a folder', /no regular file/, (path) => mkdir(join(path, 'within'), { recursive: true })],
    ['a pipe', /no regular file/, (path) => execFileSync('mkfifo', [path])],
    ['a link to itself', /ELOOP/, (path) => symlink(path, path)],
    ['an empty file', /empty/, (path) => writeFile(path, '')],
    ['a file of NULs', /NUL/, (path) => writeFile(path, Buffer.alloc(1 << 20))],
    ['a file of another version', /version 9/, (path) => writeFile(path, '{"llm-exporter":"state","version":9}\n')],
    ['a file of another program', /no state of/, (path) => writeFile(path, 'PK\x03\x04')],
  ];
  for (const [what, damage, make] of strangers) {
    test(`sets ${what} aside, and the next write has its place`, async (t) => {
      const { dir, path } = await folder(t);
      await make(path);
      const found = await loadJournal(path, NOW);
      assert.deepEqual([found.load, found.setAside, found.families], ['corrupt', join(dir, ASIDE), []]);
      assert.match(found.damage ?? '', damage);
      await writeGood(path);
      assert.equal((await loadJournal(path, NOW)).load, 'restored');
      assert.deepEqual((await readdir(dir)).sort(), ['state.journal', ASIDE]);
    });
  }

  test('sets a file aside that it may not read', {
    skip: process.getuid?.() === 0 && 'root may read all',
  }, async (t) => {
    const { dir, path } = await folder(t);
    await writeGood(path);
    await chmod(path, 0);
    const found = await loadJournal(path, NOW);
    assert.deepEqual(
      [found.load, found.setAside, found.damage],
      ['corrupt', join(dir, ASIDE), 'it cannot be read: EACCES'],
    );
  });
});
