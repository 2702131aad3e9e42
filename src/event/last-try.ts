import type { RequestEvent, TryTimes } from './request-event.ts';

/**
 * What a cause is judged by: how long the upstream had it, as far as that is known. A gateway's patience begins with the try that reached it;
 * what a request waited before, for its turn or for another try, says nothing of the upstream.
 */
export function lastTryOf(event: Pick<RequestEvent, 'lastTry' | keyof TryTimes>): TryTimes {
  return event.lastTry ?? event;
}
