import assert from 'node:assert/strict';
import { appendFileSync, closeSync, readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { followLog, ids, requestLine, requestLines } from '../support/followed-log.ts';

/** Makes the descriptor of this file useless, as a file server does that came back without memory (ESTALE). */
function killDescriptor(path: string): void {
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) === path) closeSync(Number(fd));
    } catch {
      // The one that listed the folder is gone by now.
    }
  }
}

test('a log whose descriptor died is opened anew and goes on where it was', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  killDescriptor(log.path);
  appendFileSync(log.path, requestLine(4));
  log.readAll();
  assert.deepEqual(log.readAll(), ids(1, 4));
  assert.equal(log.sink.last?.up, true);
  assert.deepEqual(log.sink.rotations, []);
});
