import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cut } from '../../../src/metrics/cut.ts';
import { createCommits, PATIENCE_MS } from '../../../src/state/commits.ts';
import { createManualClock } from '../../support/manual-clock.ts';

/** A disk whose writes end when the test says so; each cut carries its number as its births. */
function startCommits() {
  const clock = createManualClock();
  const writes: { readonly shown: boolean; end(): Promise<void> }[] = [];
  let cuts = 0;
  let hangs = 0;
  const takeCut = (): Cut => ({ families: [], births: ++cuts });
  const commits = createCommits({
    clock,
    write(shown) {
      const cut = takeCut();
      const { promise, resolve } = Promise.withResolvers<Cut>();
      const end = async () => {
        resolve(cut);
        await settled();
      };
      writes.push({ shown, end });
      return promise;
    },
    current: takeCut,
    onHang: () => {
      hangs += 1;
    },
  });
  return { clock, commits, writes, hangs: () => hangs };
}

/** Lets every promise that can go on do so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('commits', () => {
  test('those that come while one is written share the next, which has its cut taken after them', async () => {
    const { commits, writes } = startCommits();
    const first = commits.commit();
    const others = [commits.commit(), commits.commit(), commits.commit()];
    assert.equal(writes.length, 1);
    await writes[0]?.end();
    assert.equal((await first).births, 1);
    assert.equal(writes.length, 2);
    await writes[1]?.end();
    for (const other of others) assert.equal((await other).births, 2);
    assert.equal(writes.length, 2);
  });

  test('no two writes ever overlap, whoever asks in between', async () => {
    const { commits, writes } = startCommits();
    const commit = commits.commit();
    // Asked for in the very moment when the first write is over and the second is about to begin.
    const later = commit.then(() => commits.commit());
    const second = commits.commit();
    await writes[0]?.end();
    commits.tick();
    assert.equal(writes.length, 2);
    await writes[1]?.end();
    await second;
    assert.equal(writes.length, 3);
    await writes[2]?.end();
    assert.equal((await later).births, 3);
  });

  test('a tick writes for nobody, and not while a write is under way', async () => {
    const { commits, writes } = startCommits();
    commits.tick();
    commits.tick();
    assert.deepEqual(
      writes.map(({ shown }) => shown),
      [false],
    );
    const commit = commits.commit();
    await writes[0]?.end();
    assert.deepEqual(
      writes.map(({ shown }) => shown),
      [false, true],
    );
    await writes[1]?.end();
    assert.equal((await commit).births, 2);
  });

  test('nobody waits longer than that for a disk that hangs, and all is as before when it answers', async () => {
    const { commits, writes, clock, hangs } = startCommits();
    const waiting = [commits.commit(), commits.commit()];
    clock.advance(PATIENCE_MS - 1);
    assert.equal(commits.hangs, false);
    clock.advance(1);
    await Promise.all(waiting);
    assert.deepEqual([commits.hangs, hangs()], [true, 1]);
    await commits.commit();
    assert.equal(writes.length, 1);
    await writes[0]?.end();
    assert.equal(commits.hangs, false);
    const next = commits.commit();
    assert.equal(writes.length, 2);
    await writes[1]?.end();
    await next;
    clock.advance(10 * PATIENCE_MS);
    assert.equal(hangs(), 1);
  });
});
