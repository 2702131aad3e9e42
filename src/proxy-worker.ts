import cluster from 'node:cluster';
import { loadCatalogue } from './classify/catalogue.ts';
import { createJudge } from './classify/judge.ts';
import type { Clock } from './clock.ts';
import type { ToWorker, WorkerSettings } from './input/proxy/workers/messages.ts';
import { runWorker, type WorkerChannel, type WorkerJudge } from './input/proxy/workers/worker.ts';
import { loadRules } from './rules/load-rules.ts';

export interface ProxyWorkerOptions {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Composition root of a worker of the proxy (`proxy.workers`), as app.ts is of the exporter; resolves when the worker is over. Undefined in a
 * process that is none.
 */
export function startProxyWorker(options: ProxyWorkerOptions): Promise<void> | undefined {
  const channel = connectMain();
  if (channel === undefined) return undefined;
  const builtIn = loadCatalogue();
  const rulesOf = ({ rulesFile, gatewayTimeouts }: WorkerSettings) => {
    return { ...loadRules(rulesFile, builtIn), gatewayTimeouts };
  };
  return runWorker({
    ...options,
    channel,
    createJudge(settings): WorkerJudge {
      const judge = createJudge(rulesOf(settings));
      return { ...judge, reconfigure: (next) => judge.reconfigure(rulesOf(next)) };
    },
  });
}

function connectMain(): WorkerChannel | undefined {
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
