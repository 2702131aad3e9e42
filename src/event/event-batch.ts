import type { RequestEvent } from './request-event.ts';

/**
 * Events of one source in the order of their lines, as columns: lines of a log differ in a few numbers, and are otherwise of few kinds.
 * An event costs its taker a hundred nanoseconds so, where objects took several times as long. All of it is good during the call only.
 */
export interface EventBatch {
  readonly length: number;
  /** Which of `kinds` each event is of. */
  readonly kindOf: Int32Array;
  /**
   * An event like all others of its kind but for what has a column or changes from event to event, the request id. Who remembers
   * something by the number of a kind looks whether it is still the same object: a number may be given to another kind.
   */
  readonly kinds: readonly (RequestEvent | undefined)[];
  /** Epoch milliseconds, finite. */
  readonly timeMs: Float64Array;
  /** Seconds and counts are NaN where they are unknown, else finite and not negative. */
  readonly durationSeconds: Float64Array;
  readonly firstTokenSeconds: Float64Array;
  readonly inputTokens: Float64Array;
  readonly outputTokens: Float64Array;
  /** One of them as an object, good until the next call. */
  event(index: number): RequestEvent;
  requestId(index: number): string | undefined;
}

/** Takes a batch event by event, for those to whom its columns are nothing. */
export function eachEvent(batch: EventBatch, take: (event: RequestEvent) => void): void {
  for (let index = 0; index < batch.length; index += 1) take(batch.event(index));
}
