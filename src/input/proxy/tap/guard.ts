import type { LiveRequest, ProxySink, Tap } from '../../../event/sink.ts';
import type { Log } from '../../../log.ts';

/** The cause of an answer where its own could not be found out. */
export const UNCLASSIFIED = 'unclassified';

/** Runs what only watches: whatever it throws is caught and counted, so that the request goes on. */
export type Guard = <T>(part: Tap, fallback: T, watch: () => T) => T;

/** A guard that tells of each part once; a fault that comes with every chunk must not fill the log. `failed` counts, where anybody does. */
export function createGuard(log: Log, failed: (part: Tap) => void = () => undefined): Guard {
  const told = new Set<Tap>();
  return (part, fallback, watch) => {
    try {
      return watch();
    } catch (err) {
      failed(part);
      if (!told.has(part)) {
        told.add(part);
        log.error('watching failed, the request goes on; further faults of this kind are not logged', { part, err });
      }
      return fallback;
    }
  };
}

/** Opens a request; where that fails, it passes uncounted. */
export function openGuarded(
  { sink, guard }: { readonly sink: Pick<ProxySink, 'open'>; readonly guard: Guard },
  provider: string,
): LiveRequest {
  return guard('event', undefined, () => sink.open({ provider })) ?? uncounted();
}

function uncounted(): LiveRequest {
  const judge = () => ({ cause: UNCLASSIFIED, retryable: 'no' as const });
  return { model: undefined, judge, attempt() {}, retry() {}, end() {} };
}
