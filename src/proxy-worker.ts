import { loadCatalogue } from './classify/catalogue.ts';
import { createJudge } from './classify/judge.ts';
import type { Clock } from './clock.ts';
import { connectMain } from './input/proxy/workers/main-channel.ts';
import type { WorkerSettings } from './input/proxy/workers/messages.ts';
import { runWorker, type WorkerJudge } from './input/proxy/workers/worker.ts';
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
