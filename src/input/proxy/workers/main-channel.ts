import cluster from 'node:cluster';
import type { ToMain, ToWorker } from './messages.ts';
import type { SendBatch } from './outbox.ts';

/** The way to the main process. */
export interface WorkerChannel {
  readonly send: SendBatch<ToMain>;
  onBatch(hear: (batch: readonly ToWorker[]) => void): void;
  /** The main process is gone. */
  onLost(hear: () => void): void;
  /** This process ends, by a fault of its own perhaps. What is sent then still arrives. */
  onExit(hear: () => void): void;
}

/** The channel of a process that is a worker; undefined in any other. */
export function connectMain(): WorkerChannel | undefined {
  const { worker } = cluster;
  if (worker === undefined) return undefined;
  return {
    send: (batch, sent) => void worker.send(batch, () => sent()),
    onBatch: (hear) =>
      void worker.on('message', (batch) => {
        // Only the main process has the other end, and it runs the same code.
        hear(batch as readonly ToWorker[]);
      }),
    onLost: (hear) =>
      void worker.on('disconnect', () => {
        // Node would end the process at once, and every stream with it.
        worker.exitedAfterDisconnect = true;
        hear();
      }),
    onExit: (hear) => void process.once('exit', hear),
  };
}
