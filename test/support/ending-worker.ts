import { connectMain } from '../../src/input/proxy/workers/main-channel.ts';
import type { ToMain } from '../../src/input/proxy/workers/messages.ts';
import { Outbox } from '../../src/input/proxy/workers/outbox.ts';

// A program for WorkerProcess: a worker that ends in the middle of a turn of its event loop, as one does that has a fault.
const channel = connectMain();
if (channel !== undefined) {
  const outbox = new Outbox<ToMain>(channel.send);
  channel.onExit(() => outbox.flush());
  channel.onBatch(() => {
    outbox.push(['open', 1, 'p']);
    outbox.push(['uncounted', 2]);
    process.exit(3);
  });
}
