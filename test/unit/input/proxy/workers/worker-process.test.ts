import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ToMain } from '../../../../../src/input/proxy/workers/messages.ts';
import { WorkerProcess } from '../../../../../src/input/proxy/workers/worker-process.ts';

const start = (program: string, told: ToMain[]) => {
  const gone = Promise.withResolvers<string>();
  const worker = new WorkerProcess({ program, hear: (message) => told.push(message), onGone: gone.resolve });
  worker.tell(['close']);
  return gone.promise;
};

test('what a process still had to say when it ended is heard before its end', { timeout: 30_000 }, async () => {
  const told: ToMain[] = [];
  assert.equal(await start(join(import.meta.dirname, '../../../../support/ending-worker.ts'), told), 'exit code 3');
  assert.deepEqual(told, [
    ['open', 1, 'p'],
    ['uncounted', 2],
  ]);
});
