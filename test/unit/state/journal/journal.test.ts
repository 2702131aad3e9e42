import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { access, appendFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createStore, type Store } from '../../../../src/metrics/store.ts';
import { createJournal } from '../../../../src/state/journal/journal.ts';
import { takeSnapshot } from '../../../../src/state/snapshot.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { contentOf, readContent } from '../../../support/saved-state.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const label = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '\n', '{"commit":1}\n', '\u2028', '\ud800'),
);
const amount = fc.double({ min: 0, noNaN: true });

/** Something that happens between two writes. */
const step = fc.oneof(
  fc.record({ do: fc.constant('count' as const), model: label, amount }),
  fc.record({ do: fc.constant('observe' as const), model: label, amount }),
  fc.record({ do: fc.constant('part' as const), state: fc.json().map((text): unknown => JSON.parse(text)) }),
  fc.record({ do: fc.constant('write' as const) }),
);

async function startJournal(t: TestContext) {
  const store = createStore({ clock: createManualClock() });
  const part = { state: null as unknown };
  const dir = await tempDir(t);
  const path = join(dir, 'state.journal');
  const journal = createJournal({ path, prepare: async () => void (await mkdir(dir, { recursive: true })) });
  t.after(() => journal.close());
  const snapshot = () => takeSnapshot(store, { part: { save: () => part.state } });
  return { store, part, dir, path, journal, snapshot, read: async () => readContent(await readFile(path)) };
}

function count(store: Store, model: string, n = 1): void {
  store.add('llm_tokens_total', { provider: 'p', model, token_type: 'input' }, n);
}

describe('the journal', () => {
  test('gives back after every write exactly what was in the snapshot, whatever the labels and numbers', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { store, part, journal, snapshot, read } = await startJournal(t);
        for (const now of [...steps, { do: 'write' as const }]) {
          if (now.do === 'count') count(store, now.model, now.amount);
          if (now.do === 'observe') {
            store.observe('llm_time_to_first_token_seconds', { provider: 'p', model: now.model }, now.amount);
          }
          if (now.do === 'part') part.state = now.state;
          if (now.do !== 'write') continue;
          const written = snapshot();
          await journal.write(written);
          assert.deepEqual(await read(), { ...contentOf(written), damage: undefined });
        }
      }),
      { numRuns: 100 },
    );
  });

  test('writes nothing when nothing changed, and only what changed when something did', async (t) => {
    const { store, path, journal, snapshot } = await startJournal(t);
    for (let model = 0; model < 1000; model += 1) count(store, `m${model}`);
    assert.equal(await journal.write(snapshot()), true);
    const { size } = await stat(path);
    assert.equal(await journal.write(snapshot()), false);
    assert.equal((await stat(path)).size, size);
    count(store, 'm7');
    assert.equal(await journal.write(snapshot()), true);
    assert.ok((await stat(path)).size < size + 200);
  });

  test('writes nothing when only what is overlooked changed, but writes it along with the rest', async (t) => {
    const { store, journal, snapshot, read } = await startJournal(t);
    const overlooked = ['llm_exporter_state_writes_total'] as const;
    await journal.write(snapshot());
    store.add('llm_exporter_state_writes_total', { result: 'success' });
    assert.equal(await journal.write(snapshot(), overlooked), false);
    count(store, 'm');
    const last = snapshot();
    assert.equal(await journal.write(last, overlooked), true);
    assert.deepEqual((await read()).families, contentOf(last).families);
  });

  test('is rewritten when it is mostly history, and says the same', async (t) => {
    const { store, path, journal, snapshot, read } = await startJournal(t);
    for (let model = 0; model < 2000; model += 1) count(store, `m${model}`);
    await journal.write(snapshot());
    const { size: full, ino } = await stat(path);
    let largest = 0;
    for (let round = 0; round < 200; round += 1) {
      for (let model = 0; model < 2000; model += 1) count(store, `m${model}`, 1e15);
      await journal.write(snapshot());
      largest = Math.max(largest, (await stat(path)).size);
    }
    assert.notEqual((await stat(path)).ino, ino);
    assert.ok(largest > 1024 * 1024 && largest < Math.max(4 * full, 1024 * 1024) + full, `${largest} of ${full}`);
    assert.deepEqual((await read()).families, contentOf(snapshot()).families);
  });

  test('is ours alone to read', async (t) => {
    const { path, journal, snapshot } = await startJournal(t);
    await journal.write(snapshot());
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  for (const [what, harm] of [
    ['removed', (path: string) => rm(path)],
    ['removed with its folder', (path: string) => rm(join(path, '..'), { recursive: true })],
    [
      'replaced',
      async (path: string) => {
        await rename(path, `${path}.old`);
        await writeFile(path, 'something else');
      },
    ],
    ['cut', (path: string) => truncate(path, 50)],
    ['written to', (path: string) => appendFile(path, 'x')],
    ['replaced by a folder of that name beside it', (path: string) => mkdir(`${path}.new`)],
  ] as const) {
    test(`is whole again at the next write after it was ${what}`, async (t) => {
      const { store, path, journal, snapshot, read } = await startJournal(t);
      await journal.write(snapshot());
      await harm(path);
      count(store, 'm');
      const last = snapshot();
      await journal.write(last);
      assert.deepEqual(await read(), { ...contentOf(last), damage: undefined });
    });
  }

  test('begins a new file after a failed write, and leaves the last good one until that is on the disk', async (t) => {
    const { store, dir, path, journal, snapshot, read } = await startJournal(t);
    const good = snapshot();
    await journal.write(good);
    // A folder with something in it cannot be replaced by a file: the new file gets no name.
    await rename(path, join(dir, 'kept'));
    await mkdir(join(path, 'in-the-way'), { recursive: true });
    count(store, 'm');
    await assert.rejects(journal.write(snapshot()), { code: 'EISDIR' });
    assert.deepEqual((await readdir(dir)).sort(), ['kept', 'state.journal']);
    assert.deepEqual(readContent(await readFile(join(dir, 'kept'))).families, contentOf(good).families);
    await rm(path, { recursive: true });
    const last = snapshot();
    assert.equal(await journal.write(last), true);
    assert.deepEqual(await read(), { ...contentOf(last), damage: undefined });
    await assert.rejects(access(`${path}.new`, constants.F_OK));
  });
});
