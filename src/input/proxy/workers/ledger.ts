import type { Clock } from '../../../clock.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { LiveRequest, ProxySink } from '../../../event/sink.ts';
import type { Guard } from '../tap/guard.ts';
import type { ToMain } from './messages.ts';

interface OpenRequest {
  readonly live: LiveRequest;
  readonly provider: string;
  readonly openedMs: number;
}

/** The requests of one worker, kept where they are counted. */
export interface Ledger {
  /** Whether the message was about a request. */
  take(message: ToMain): boolean;
  /** The worker is gone: what it had under way ends now. Answers with how many these were. */
  abandon(): number;
}

export interface LedgerOptions {
  readonly sink: ProxySink;
  readonly clock: Clock;
  /** A fault in counting must not end the process, and all its workers' clients with it. */
  readonly guard: Guard;
}

/** Why requests ended with their worker; in the event's error, so that rules can tell it from the exporter's other 503s. */
const WORKER_DIED = 'worker_died';

/**
 * Replays what a worker saw on the sink of the main process. Every request that was opened is ended here, whatever becomes of its worker: one
 * that died with it is the exporter's own fault and counted as 503. Its client saw its connection break, before or in the middle of the
 * answer, and nobody is left who knows which.
 */
export function createLedger({ sink, clock, guard }: LedgerOptions): Ledger {
  const open = new Map<number, OpenRequest>();

  function take(message: ToMain): boolean {
    switch (message[0]) {
      case 'open': {
        const [, id, provider] = message;
        open.set(id, { live: sink.open({ provider }), provider, openedMs: clock.elapsedMs() });
        return true;
      }
      case 'model': {
        const request = open.get(message[1]);
        if (request !== undefined) request.live.model = message[2];
        return true;
      }
      case 'attempt':
        open.get(message[1])?.live.attempt(message[2]);
        return true;
      case 'retry':
        open.get(message[1])?.live.retry(message[2], message[3]);
        return true;
      case 'end': {
        const request = open.get(message[1]);
        open.delete(message[1]);
        request?.live.end(message[2]);
        return true;
      }
      default:
        return false;
    }
  }

  return {
    take: (message) => guard('event', true, () => take(message)),
    abandon() {
      const abandoned = [...open.values()];
      open.clear();
      for (const { live, provider, openedMs } of abandoned) {
        const event: RequestEvent = {
          ...{ timeMs: clock.nowMs(), provider, model: live.model, code: 503, origin: 'exporter', final: true },
          durationSeconds: (clock.elapsedMs() - openedMs) / 1000,
          error: { code: WORKER_DIED, message: 'the worker process of the proxy that had this request ended' },
        };
        guard('event', undefined, () => live.end(event));
      }
      return abandoned.length;
    },
  };
}
