import type { ErrorFacts, RequestEvent } from '../event/request-event.ts';
import type { Match } from './catalogue-schema.ts';
import type { OwnLimit } from './inference/limits/own-limit.ts';
import type { Rule } from './rule.ts';

/** What is known beside the event itself, most of it from the traffic before; absent where the evidence is too thin. */
export interface ClassifyContext {
  /** Seconds after which the gateway in front of the model gives up. */
  readonly gatewayTimeoutSeconds?: number | undefined;
  /** The answer came too quickly for any work to have been done on it. */
  readonly fastReject?: boolean | undefined;
  /** Requests to the model have been coming much faster than in the minutes before. */
  readonly trafficRamping?: boolean | undefined;
  /** Models of the provider that began to fail together, this one among them, while traffic is steady. */
  readonly modelsFailing?: number | undefined;
  /** The model fails only when more requests are under way than ever went well. */
  readonly failingUnderLoad?: boolean | undefined;
  /** Streams of the model wait in vain, and nothing comes from it. */
  readonly modelStalled?: boolean | undefined;
  /** The limit that own traffic has met. */
  readonly ownLimit?: OwnLimit | undefined;
}

/** An event's evidence in the form that rules ask for it. */
export interface Evidence {
  readonly event: RequestEvent;
  /** Of the last try. */
  readonly durationSeconds: number | undefined;
  /** The HTTP status, or the one that an error inside a 200 states. */
  readonly status: number;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly flags: readonly string[];
  readonly shape: NonNullable<ErrorFacts['shape']> | 'unseen';
  readonly context: ClassifyContext;
}

/** One thing that a rule asks for. */
export type Condition = (evidence: Evidence) => boolean;

/** What a rule asks for, in the order in which it is looked at. */
export interface Conditions {
  readonly all: readonly Condition[];
  /** Those whose answer is the same for all events that differ only in times and numbers, whatever is known beside them; and the others. */
  readonly fixed: readonly Condition[];
  readonly moving: readonly Condition[];
}

/** Messages are not among them: the rule index takes their patterns apart. */
type Asked = Exclude<keyof Match, 'message'>;

/** nginx `proxy_read_timeout`, AWS ALB's idle timeout and Novita's gateway all give up after 60 s unless told otherwise. */
const DEFAULT_GATEWAY_TIMEOUT_SECONDS = 60;
/** A timeout ends a request at its limit; clocks round down before it, connecting and transfer come on top of it. */
const AT_TIMEOUT_FROM = 0.97;
const AT_TIMEOUT_TO = 1.1;

/** What each part of a rule's `match` asks for, in the order in which they are looked at: what tells most rules apart first. */
const CONDITIONS: { readonly [K in Asked]: (wanted: NonNullable<Match[K]>) => Condition } = {
  status: (wanted) => (evidence) => wanted.includes(evidence.status),
  code: (wanted) => (evidence) => isOneOf(wanted, evidence.code) || isOneOf(wanted, evidence.type),
  origin: (wanted) => (evidence) => isOneOf(wanted, evidence.event.origin),
  phase: (wanted) => (evidence) => isOneOf(wanted, evidence.event.phase),
  shape: (wanted) => (evidence) => wanted.includes(evidence.shape),
  stream: (wanted) => (evidence) => evidence.event.stream === wanted,
  key_present: (wanted) => (evidence) => evidence.event.keyPresent === wanted,
  own_key: (wanted) => (evidence) => (evidence.event.ownKey === true) === wanted,
  first_token: (wanted) => (evidence) => (evidence.event.firstTokenSeconds !== undefined) === wanted,
  at_gateway_timeout: (wanted) => (evidence) => endsAtTimeout(evidence) === wanted,
  min_seconds: (least) => (evidence) => isAtLeast(least, evidence.durationSeconds),
  min_retry_after_seconds: (least) => (evidence) => isAtLeast(least, evidence.event.retryAfterSeconds),
  should_retry: (wanted) => (evidence) => evidence.event.shouldRetry === wanted,
  exhausted: (wanted) => (evidence) => sharesOne(wanted, evidence.event.rateLimit?.exhausted),
  fast_reject: (wanted) => (evidence) => evidence.context.fastReject === wanted,
  traffic_ramping: (wanted) => (evidence) => evidence.context.trafficRamping === wanted,
  failing_under_load: (wanted) => (evidence) => evidence.context.failingUnderLoad === wanted,
  model_stalled: (wanted) => (evidence) => evidence.context.modelStalled === wanted,
  models_failing: (least) => (evidence) => isAtLeast(least, evidence.context.modelsFailing),
  own_limit: (wanted) => (evidence) => isOneOf(wanted, evidence.context.ownLimit),
  flags: (wanted) => (evidence) => sharesOne(wanted, evidence.flags),
};

/** Those that look at how long a request took, or at what is known beside its event. */
const IS_MOVING: Readonly<Record<Asked, boolean>> = {
  ...{ status: false, code: false, origin: false, phase: false, shape: false, stream: false, flags: false },
  ...{ key_present: false, own_key: false, first_token: false, should_retry: false, exhausted: false },
  ...{ min_retry_after_seconds: false, at_gateway_timeout: true, min_seconds: true, fast_reject: true },
  ...{ traffic_ramping: true, failing_under_load: true, model_stalled: true, models_failing: true, own_limit: true },
};

// Safe: Object.keys gives exactly the own keys of the table, which the type forgets.
const NAMES = Object.keys(CONDITIONS) as Asked[];

/**
 * What a rule asks for beside words, all of which must hold. Only that is there to be looked at: with rules of as many shapes, asking
 * each for all twenty things that it might want took most of the time of a verdict.
 */
export function conditionsOf({ provider, match }: Rule): Conditions {
  const conditionsFor = (names: readonly Asked[]) =>
    names.map((name) => conditionOf(name, match)).filter((condition) => condition !== undefined);
  const ofProvider: Condition[] = provider ? [(evidence) => provider.includes(evidence.event.provider)] : [];
  return {
    all: [...ofProvider, ...conditionsFor(NAMES)],
    fixed: [...ofProvider, ...conditionsFor(NAMES.filter((name) => !IS_MOVING[name]))],
    moving: conditionsFor(NAMES.filter((name) => IS_MOVING[name])),
  };
}

/** That the message fits a pattern. */
export function says(pattern: RegExp): Condition {
  return (evidence) => pattern.test(evidence.event.error?.message ?? '');
}

function conditionOf<K extends Asked>(name: K, match: Match): Condition | undefined {
  const wanted = match[name];
  return wanted == null ? undefined : CONDITIONS[name](wanted);
}

function isOneOf<T>(wanted: readonly T[], value: T | undefined): boolean {
  return value !== undefined && wanted.includes(value);
}

function sharesOne<T>(wanted: readonly T[], values: readonly T[] | undefined): boolean {
  return values !== undefined && wanted.some((value) => values.includes(value));
}

function isAtLeast(least: number, value: number | undefined): boolean {
  return value !== undefined && value >= least;
}

function endsAtTimeout({ durationSeconds: seconds, context }: Evidence): boolean {
  if (seconds === undefined) return false;
  const timeout = context.gatewayTimeoutSeconds ?? DEFAULT_GATEWAY_TIMEOUT_SECONDS;
  return seconds >= timeout * AT_TIMEOUT_FROM && seconds <= timeout * AT_TIMEOUT_TO;
}
