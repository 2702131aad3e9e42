import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { createLog } from '../../../src/log.ts';
import type { Cut } from '../../../src/metrics/cut.ts';
import { createStore, type Store } from '../../../src/metrics/store.ts';
import { ProblemError } from '../../../src/problem.ts';
import { PATIENCE_MS } from '../../../src/state/commits.ts';
import { formatCommit, HEADER } from '../../../src/state/journal/commit-line.ts';
import { openState } from '../../../src/state/open-state.ts';
import type { State, StateSync } from '../../../src/state/state.ts';
import { eventually } from '../../support/eventually.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const INTERVAL_MS = 5000;

/** A place for state, and runs that use it; they end before it goes. */
async function startPlace(t: TestContext) {
  const base = await mkdtemp(join(tmpdir(), 'llm-exporter-state-'));
  const runs: State[] = [];
  t.after(async () => {
    for (const state of runs) await state.close();
    await rm(base, { recursive: true });
  });
  const dir = join(base, 'state');
  async function start({ sync = 'scrape', at = dir }: { readonly sync?: StateSync; readonly at?: string } = {}) {
    const clock = createManualClock();
    const store = createStore({ clock });
    const said: string[] = [];
    const log = createLog({ write: (line) => said.push(line) });
    const state = await openState({ dir: at, sync, intervalMs: INTERVAL_MS, store, clock, log });
    runs.push(state);
    return { clock, store, said, state, count: (n = 1) => count(store, n) };
  }
  return { base, dir, start };
}

function count(store: Store, n: number): void {
  store.add('llm_tokens_total', { provider: 'p', model: 'm', token_type: 'input' }, n);
}

function valueIn(cut: Cut, name: string): number {
  const family = cut.families.find((candidate) => candidate.name === name);
  return family?.values.reduce((sum, value) => sum + value, 0) ?? Number.NaN;
}

const written = (store: Store, result = 'success') =>
  store.samples('llm_exporter_state_writes_total').find(({ labels }) => labels.result === result)?.value;

describe('durable state', () => {
  test('what a commit tells is there after the next start, and so is what the parts said in that moment', async (t) => {
    const { base, dir, start } = await startPlace(t);
    const first = await start();
    first.state.begin({ logs: { save: () => ({ offset: 7 }) } });
    first.count(17);
    assert.equal(valueIn(await first.state.commit(), 'llm_tokens_total'), 17);
    first.count(1000);
    // As a process that is killed leaves it: nothing more is written, and its lock is free.
    const at = join(base, 'copy');
    await cp(dir, at, { recursive: true });

    const second = await start({ at });
    assert.deepEqual(second.state.saved, { logs: { offset: 7 } });
    assert.equal(second.state.status()?.load, 'restored');
    second.state.begin({});
    assert.equal(valueIn(await second.state.commit(), 'llm_tokens_total'), 17);
  });

  test('the counters of the state itself never go back either', async (t) => {
    const { start } = await startPlace(t);
    let shown = 0;
    for (let run = 0; run < 4; run += 1) {
      const { state, count } = await start();
      state.begin({});
      for (let scrape = 0; scrape < 3; scrape += 1) {
        count();
        const now = valueIn(await state.commit(), 'llm_exporter_state_writes_total');
        assert.ok(now >= shown, `${now} after ${shown} was shown`);
        shown = now;
      }
      const loads = valueIn(await state.commit(), 'llm_exporter_state_loads_total');
      assert.equal(loads, run + 1);
      shown = valueIn(await state.commit(), 'llm_exporter_state_writes_total');
      await state.close();
    }
  });

  test('an idle exporter writes nothing, however long', async (t) => {
    const { start } = await startPlace(t);
    const { store, state, clock, count } = await start();
    state.begin({ part: { save: () => ({ same: true }) } });
    await eventually(() => assert.equal(written(store), 1));
    count();
    clock.advance(INTERVAL_MS);
    await eventually(() => assert.equal(written(store), 2));
    const { bytes, lastWriteMs } = state.status() ?? {};
    for (let tick = 0; tick < 100; tick += 1) {
      clock.advance(INTERVAL_MS);
      await new Promise(setImmediate);
    }
    assert.deepEqual([written(store), state.status()?.bytes, state.status()?.lastWriteMs], [2, bytes, lastWriteMs]);
  });

  test('with interval a scrape does not wait for the disk, and the end is written', async (t) => {
    const { start } = await startPlace(t);
    const { state, store, count } = await start({ sync: 'interval' });
    state.begin({});
    await eventually(() => assert.equal(written(store), 1));
    count(17);
    assert.equal(valueIn(await state.commit(), 'llm_tokens_total'), 17);
    assert.equal(written(store), 1);
    await state.close();
    const next = await start({ sync: 'interval' });
    next.state.begin({});
    assert.equal(valueIn(await next.state.commit(), 'llm_tokens_total'), 17);
  });

  test('saved series that no metric fits are dropped, counted and told', async (t) => {
    const { dir, start } = await startPlace(t);
    await mkdir(dir);
    const lines = [
      HEADER,
      '{"family":0,"name":"llm_of_the_past_total","labels":["a"]}\n',
      '{"series":0,"labels":["x"],"createdMs":1,"birth":1,"values":[5]}\n',
    ].join('');
    await writeFile(join(dir, 'state.journal'), lines + formatCommit({ number: 1, crc: crc32(lines) }));
    const { state, said } = await start();
    state.begin({});
    const cut = await state.commit();
    assert.equal(valueIn(cut, 'llm_exporter_state_dropped_series_total'), 1);
    assert.match(
      said.join(''),
      /level=warn msg="saved series that no metric of this version fits are dropped" series=1/,
    );
  });

  test('off touches no disk', async (t) => {
    const { dir, start } = await startPlace(t);
    const { state, count } = await start({ sync: 'off' });
    state.begin({});
    count(17);
    assert.equal(valueIn(await state.commit(), 'llm_tokens_total'), 17);
    assert.equal(state.status(), undefined);
    await state.close();
    assert.equal(existsSync(dir), false);
  });

  test('a commit waits until the parts are there, and the end of a start that failed lets it go', async (t) => {
    const { dir, start } = await startPlace(t);
    const { state, count } = await start();
    count();
    const early = state.commit();
    await state.close();
    assert.equal(valueIn(await early, 'llm_tokens_total'), 1);
    assert.deepEqual(await readdir(dir), ['lock']);
  });

  test('a folder in use is refused under the name of its setting; closing gives it up', async (t) => {
    const { dir, start } = await startPlace(t);
    const { state } = await start();
    await assert.rejects(start(), (error) => {
      assert.ok(error instanceof ProblemError);
      assert.deepEqual(error.problems[0]?.code, 'state.in_use');
      assert.ok(error.message.startsWith(`state.dir: ${dir} is in use by another llm-exporter: stop that one, or`));
      return true;
    });
    await state.close();
    await start();
  });

  test('makes its folder, ours alone, also when it was removed meanwhile', async (t) => {
    const { dir, start } = await startPlace(t);
    const { state, count } = await start();
    state.begin({});
    await state.commit();
    assert.equal(statSync(dir).mode & 0o777, 0o700);
    await rm(dir, { recursive: true });
    count(17);
    await state.commit();
    await assert.rejects(start(), ProblemError);
    await state.close();
    const next = await start();
    assert.equal(next.state.status()?.load, 'restored');
  });

  test('a write that fails is counted and told once, serving goes on, and so does the state when it can', async (t) => {
    const { dir, start } = await startPlace(t);
    await writeFile(dir, 'a file in its place');
    const { state, store, said, count, clock } = await start();
    state.begin({});
    for (const n of [1, 2, 3]) {
      count();
      assert.equal(valueIn(await state.commit(), 'llm_tokens_total'), n);
    }
    assert.equal(state.status()?.trouble, 'EEXIST');
    assert.equal(said.filter((line) => line.includes('state cannot be written')).length, 1);
    assert.ok((written(store, 'error') ?? 0) >= 4);
    await rm(dir);
    clock.advance(INTERVAL_MS);
    await eventually(() => assert.equal(state.status()?.trouble, undefined));
    assert.equal(said.filter((line) => line.includes('state is written again')).length, 1);
    assert.equal((await stat(join(dir, 'state.journal'))).size, state.status()?.bytes);
  });

  test('a disk that hangs holds up neither a scrape nor the end', async (t) => {
    const { base, start } = await startPlace(t);
    const { state, clock, count } = await start();
    state.begin({});
    await state.commit();
    const release = blockFileSystem(base);
    try {
      count(17);
      const scrape = state.commit();
      await new Promise(setImmediate);
      clock.advance(PATIENCE_MS);
      assert.equal(valueIn(await scrape, 'llm_tokens_total'), 17);
      assert.equal(state.status()?.trouble, 'ETIMEDOUT');
      await state.close();
    } finally {
      await release();
    }
    // Nothing is lost when the disk answers after all.
    await eventually(() => assert.equal(state.status()?.trouble, undefined));
  });
});

/** Every thread that Node.js has for files waits for the other end of a pipe: no call comes back, as on a file system whose server is gone. */
function blockFileSystem(dir: string): () => Promise<unknown> {
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  const paths = Array.from({ length: threads }, (_, index) => join(dir, `pipe${index}`));
  execFileSync('mkfifo', paths);
  const blocked = paths.map((path) => open(path, 'r'));
  return async () => {
    // Opened by this thread, for reading and writing: that never waits, and is the other end.
    const ends = paths.map((path) => openSync(path, 'r+'));
    for (const handle of await Promise.all(blocked)) await handle.close();
    for (const end of ends) closeSync(end);
  };
}
