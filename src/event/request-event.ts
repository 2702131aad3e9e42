/** Who made the answer that the client saw. */
export const ORIGINS = ['client', 'exporter', 'network', 'edge', 'provider'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Where the exchange with the upstream ended. */
export const PHASES = ['connect', 'request', 'headers', 'body', 'stream'] as const;
export type Phase = (typeof PHASES)[number];

/** nginx's code for "client closed request": the caller left before the answer was complete. */
export const CLIENT_CLOSED_REQUEST = 499;

/** Longest part of an error message that is kept while an event is classified; it is never stored. */
export const MAX_ERROR_MESSAGE_BYTES = 4096;

/** Token counts as the API reported them; an absent field was not reported. */
export interface TokenUsage {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly cachedInput?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** What an answer, or the failure to get one, said about itself. */
export interface ErrorFacts {
  /** Innermost machine code: the provider's (`rate_limit_exceeded`) or, with origin `network`, Node's (`ECONNREFUSED`). */
  readonly code?: string | undefined;
  /** Innermost machine type (`invalid_request_error`). */
  readonly type?: string | undefined;
  /** Human text, at most MAX_ERROR_MESSAGE_BYTES. May quote a prompt: look at it and drop it. */
  readonly message?: string | undefined;
  /** How the body was written; `empty` is evidence too (a gateway's own answer often has no body). */
  readonly shape?: 'json' | 'html' | 'text' | 'empty' | undefined;
  /** HTTP status that the error itself states; the only one to go by when it came inside a 200. */
  readonly status?: number | undefined;
}

/** What rate limits count. */
export const RATE_LIMIT_RESOURCES = ['requests', 'tokens'] as const;
export type RateLimitResource = (typeof RATE_LIMIT_RESOURCES)[number];

/**
 * What was used up, by an answer's own account: a short window's bucket by what it counts, a longer one by its window;
 * `plan` where the limit itself is 0, so that no waiting helps.
 */
export const EXHAUSTED = ['requests', 'tokens', 'day', 'month', 'plan'] as const;
export type Exhausted = (typeof EXHAUSTED)[number];

/** One bucket of a rate limit; what the answer did not say is absent. */
export interface RateLimitBucket {
  readonly limit?: number;
  /** Below 0 where the provider counts what was asked for beyond the limit (Azure OpenAI). */
  readonly remaining?: number;
  /** From `RateLimit.timeMs` until the bucket is full again. */
  readonly resetSeconds?: number;
}

/** The rate limits that an answer told of: of each resource the bucket nearest its end. */
export interface RateLimit extends Readonly<Partial<Record<RateLimitResource, RateLimitBucket>>> {
  /** When it was said: with the head of the answer, which for a stream may be minutes before the event. */
  readonly timeMs: number;
  readonly exhausted: readonly Exhausted[];
}

/** How long something took; what is not known is absent. */
export interface TryTimes {
  readonly durationSeconds?: number | undefined;
  /** Until the first token of the answer; streams only. */
  readonly firstTokenSeconds?: number | undefined;
}

/**
 * One request to an LLM API that has ended, whoever saw it: the one record that crosses from inputs to the rest.
 * Fields that an input cannot know are absent; 0 never stands for "unknown". Times are epoch milliseconds, spans seconds.
 */
export interface RequestEvent {
  /** End of the request; for logs, from the line. */
  readonly timeMs: number;
  readonly provider: string;
  /** What the client asked for, as it wrote it; absent when the request named none. */
  readonly model?: string | undefined;
  readonly stream?: boolean | undefined;
  /** HTTP status the client saw; CLIENT_CLOSED_REQUEST when the client left first. */
  readonly code: number;
  readonly durationSeconds?: number | undefined;
  /** From the request's first byte to the first token of the answer; streams only. */
  readonly firstTokenSeconds?: number | undefined;
  /**
   * The same for the last try alone: without the queue, the tries before it and the waits between them. Empty where there was no try; absent
   * where the input cannot tell, and then the whole stands for it. Read it by `lastTryOf`.
   */
  readonly lastTry?: TryTimes | undefined;
  /** From the first token to the last; streams only. */
  readonly outputSeconds?: number | undefined;
  readonly tokens?: TokenUsage | undefined;
  readonly origin?: Origin | undefined;
  readonly phase?: Phase | undefined;
  /** Present when something went wrong, even if the code says 200 (an error inside a stream or body). */
  readonly error?: ErrorFacts | undefined;
  /** Status the upstream answered where it differs from `code` (gateway logs). */
  readonly upstreamCode?: number | undefined;
  /** Envoy response flags or HAProxy termination state, as logged. */
  readonly flags?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** What the provider itself says about trying again (`x-should-retry`). */
  readonly shouldRetry?: boolean | undefined;
  readonly rateLimit?: RateLimit | undefined;
  /** Bytes of the request's body. */
  readonly requestBytes?: number | undefined;
  /** Whether the client sent any credential. */
  readonly keyPresent?: boolean | undefined;
  /** Whether the exporter set its own key, as the client had sent none. */
  readonly ownKey?: boolean | undefined;
  /**
   * 1 for the first try against an upstream, 0 when none was made or each has been told of by an event of its own; absent where the input cannot
   * tell (logs).
   */
  readonly attempt?: number | undefined;
  /** True on exactly one event of each request. */
  readonly final: boolean;
  readonly requestId?: string | undefined;
}
