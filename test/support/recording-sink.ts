import type { RequestEvent } from '../../src/event/request-event.ts';
import type { EventSink, LiveRequest, ProxySink, Tap } from '../../src/event/sink.ts';

/** An EventSink that remembers; a second final event of one request is remembered too, so that tests can see it. */
export interface RecordingSink extends EventSink, ProxySink {
  readonly events: readonly RequestEvent[];
  /** Requests that were opened and not ended. */
  live(): number;
  /** Calls of `end` beyond the first of a request. */
  extraEnds(): number;
  readonly requests: readonly LiveRequest[];
  readonly failedTaps: readonly Tap[];
}

export function createRecordingSink(): RecordingSink {
  const events: RequestEvent[] = [];
  const requests: LiveRequest[] = [];
  const failedTaps: Tap[] = [];
  let live = 0;
  let extra = 0;
  return {
    events,
    requests,
    failedTaps,
    taps: () => (part) => void failedTaps.push(part),
    live: () => live,
    extraEnds: () => extra,
    open() {
      live += 1;
      let ended = false;
      const request: LiveRequest = {
        model: undefined,
        judge: () => ({ cause: 'unclassified', retryable: 'no' }),
        attempt: (event) => events.push(event),
        retry: () => undefined,
        end(event) {
          if (ended) extra += 1;
          else live -= 1;
          ended = true;
          events.push(event);
        },
      };
      requests.push(request);
      return request;
    },
    queue: () => ({ admitted() {}, rejected() {}, left() {} }),
    source() {
      throw new Error('a proxy has no source of lines');
    },
  };
}
