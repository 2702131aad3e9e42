import type { Cause } from '../../classify/causes.ts';
import type { Classification } from '../../classify/classify.ts';
import { lastTryOf } from '../../event/last-try.ts';
import type { RequestEvent, TokenUsage } from '../../event/request-event.ts';
import type { Outcome, TokenType } from '../families.ts';
import type { Meter } from './meter.ts';

/** An event with its cause, its label values and what is known of its provider. */
export interface Judged {
  readonly event: RequestEvent;
  readonly provider: string;
  readonly model: string;
  readonly verdict: Classification;
  readonly gatewayTimeoutSeconds: number | undefined;
}

/** Share of the gateway timeout past which a success is a warning. */
export const NEAR_TIMEOUT_RATIO = 0.8;

/** Counts a try against an upstream; logs do not tell tries apart, so their events are none. */
export function measureAttempt(meter: Meter, { event, verdict }: Judged): void {
  if (event.attempt !== undefined && event.attempt >= 1) meter.attempts(event.code)(verdict.cause)();
}

/** Counts a request by its final answer, with everything that answer told. */
export function measureRequest(meter: Meter, judged: Judged): void {
  const { event, verdict } = judged;
  // One request of a failure is worth a look; of a duration any may be.
  meter.requests(event.code)(verdict.cause)(1, verdict.cause === 'none' ? undefined : event);
  if (event.durationSeconds !== undefined) meter.durations(outcomeOf(verdict.cause))(event.durationSeconds, event);
  if (isNearTimeout(judged)) meter.nearTimeout()();
  if (event.firstTokenSeconds !== undefined) {
    meter.tokenTimes('llm_time_to_first_token_seconds')(event.firstTokenSeconds);
  }
  if (event.tokens !== undefined) measureTokens(meter, event.tokens, event.outputSeconds);
}

function measureTokens(meter: Meter, tokens: TokenUsage, outputSeconds: number | undefined): void {
  // The first token ends the wait and begins the output, so n tokens are n - 1 steps.
  if (outputSeconds !== undefined && tokens.output !== undefined && tokens.output > 1) {
    meter.tokenTimes('llm_time_per_output_token_seconds')(outputSeconds / (tokens.output - 1));
  }
  for (const [tokenType, field] of TOKEN_FIELDS) {
    const amount = tokens[field];
    if (amount !== undefined) meter.tokens(tokenType)(amount);
  }
}

const TOKEN_FIELDS: readonly (readonly [TokenType, keyof TokenUsage])[] = [
  ['input', 'input'],
  ['output', 'output'],
  ['cached_input', 'cachedInput'],
  ['reasoning', 'reasoning'],
];

function outcomeOf(cause: Cause): Outcome {
  if (cause === 'none') return 'success';
  return cause === 'client_aborted' ? 'cancelled' : 'error';
}

/**
 * Gateways time the silence before an answer: all of the time when it comes in one piece, the wait for the first token
 * when it streams.
 */
function isNearTimeout({ event, verdict, gatewayTimeoutSeconds }: Judged): boolean {
  const { firstTokenSeconds, durationSeconds } = lastTryOf(event);
  const waitedSeconds = event.stream === true ? firstTokenSeconds : durationSeconds;
  if (verdict.cause !== 'none' || gatewayTimeoutSeconds === undefined || waitedSeconds === undefined) return false;
  return waitedSeconds > NEAR_TIMEOUT_RATIO * gatewayTimeoutSeconds;
}
