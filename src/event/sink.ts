import type { EventBatch } from './event-batch.ts';
import type { RequestEvent } from './request-event.ts';

/** Why a line of a source could not become an event. The closed set behind `llm_exporter_source_rejected_total`. */
export const REJECT_REASONS = [
  'too_long',
  'unterminated',
  'invalid_json',
  'not_an_object',
  'no_match',
  'missing_code',
  'invalid_code',
  'invalid_time',
  'invalid_duration',
  'invalid_frame',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** How a followed file was replaced. The closed set behind `llm_exporter_source_rotations_total`. */
export const ROTATION_KINDS = ['renamed', 'truncated', 'removed'] as const;
export type RotationKind = (typeof ROTATION_KINDS)[number];

/** Why a failed try was, or was not, followed by another. The closed set behind `llm_retries_total`. */
export const RETRY_DECISIONS = [
  'retried',
  'budget_exhausted',
  'not_retryable',
  'deadline',
  'attempts_exhausted',
] as const;
export type RetryDecision = (typeof RETRY_DECISIONS)[number];

/** What a failed try was found to be. */
export interface AttemptVerdict {
  /** A cause of the catalogue. */
  readonly cause: string;
  /** Whether another try may go better: at once, or once a window has passed. */
  readonly retryable: 'yes' | 'no' | 'after_window';
}

/** One request that waits for its turn. Exactly one call ends the wait. */
export interface QueuedRequest {
  admitted(): void;
  /** Sent away, or its time ran out. */
  rejected(): void;
  /** The client left. */
  left(): void;
}

/** One request that is under way: it counts as in flight until `end`. */
export interface LiveRequest {
  /** Set as soon as the request names its model. */
  model: string | undefined;
  /** What a failed try would be counted as; counts nothing. */
  judge(event: RequestEvent): AttemptVerdict;
  /** Reports a try that was not the last one. */
  attempt(event: RequestEvent): void;
  /** What the cause of a failed try led to; not called where retries are off. */
  retry(verdict: AttemptVerdict, decision: RetryDecision): void;
  /** Ends the request with its one final event. A second call is ignored, so that every way out may call it. */
  end(event: RequestEvent): void;
}

/** How a source is doing at this moment. */
export interface SourceStatus {
  /** The source can be read now. */
  readonly up: boolean;
  /** Written but not read yet. */
  readonly lagBytes: number;
  /** Files that are open; absent for what is no file. */
  readonly files?: number | undefined;
}

/**
 * What one source of lines tells the rest. Per source, always: lines = events + filtered + rejected.
 * `read` is called with the bytes of each chunk taken in and the number of lines that ended in it.
 */
export interface SourceSink {
  read(bytes: number, lines: number): void;
  /** The event is good during the call only: it may be used again for the next line. Who keeps it makes a copy. */
  event(event: RequestEvent): void;
  /** Many events at once, the same as one after the other. Good during the call only, too. */
  batch(batch: EventBatch): void;
  /** A well-formed line that is no LLM request (another path). */
  filtered(): void;
  /**
   * `shape` tells people what the line looked like and nothing of what it said (see `rejected-shape.ts`); it is asked for only when the
   * sink wants it, since a log of nothing but rejects must cost no more than others.
   */
  reject(reason: RejectReason, shape?: () => string): void;
  rotated(kind: RotationKind): void;
  /** What was sent and can never be read: they are no lines. With 0 it begins the counter, for sources that can lose some. */
  lost(messages: number): void;
  status(status: SourceStatus): void;
  /** The source is gone from the configuration: its gauges vanish, its counters stay. */
  close(): void;
}

/** What of a request is watched while it passes, and may fail to be. The closed set behind `llm_exporter_proxy_tap_failures_total`. */
export const TAPS = [
  'request',
  'response',
  'answer_body',
  'error_body',
  'frame',
  'cause',
  'event',
  'retry',
  'queue',
] as const;
export type Tap = (typeof TAPS)[number];

/** Where inputs hand over what they saw. Inputs know no metrics: this is all they know. */
export interface EventSink {
  open(start: { readonly provider: string }): LiveRequest;
  source(name: string): SourceSink;
  queue(wait: { readonly provider: string; readonly priority: string }): QueuedRequest;
}

/** What a proxy knows of it. */
export interface ProxySink extends Pick<EventSink, 'open' | 'queue'> {
  /** Begins the counters of what a proxy failed to watch; what comes back is called once for each. */
  taps(): (failed: Tap) => void;
}

/** What the processes of a proxy tell of themselves, where it has several. */
export interface WorkerCounts {
  /** So many of them take connections now. */
  up(workers: number): void;
  /** One took the place of another that had died. */
  restarted(): void;
  /** Requests went by that a worker had no room to tell of. */
  uncounted(requests: number): void;
}

/** Where the processes of a proxy are counted; asked for where it has several, and the counters begin then. */
export interface WorkerSink {
  workers(): WorkerCounts;
}

/** How a request that pushes lines was answered. The closed set behind `llm_exporter_push_requests_total`. */
export const PUSH_RESULTS = [
  'accepted',
  'duplicate',
  'rejected',
  'malformed',
  'unauthorized',
  'too_large',
  'unsupported',
  'key_reused',
  'rate_limited',
  'timed_out',
  'aborted',
  'unavailable',
] as const;
export type PushResult = (typeof PUSH_RESULTS)[number];

/** Where pushes are counted, apart from the lines in them. */
export interface PushSink {
  /** Begins the counters; what comes back is called once for each request, with how it was answered. */
  pushes(): (result: PushResult) => void;
}
