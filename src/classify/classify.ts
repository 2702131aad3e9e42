import { lastTryOf } from '../event/last-try.ts';
import type { ErrorFacts, RequestEvent } from '../event/request-event.ts';
import type { Catalogue } from './catalogue.ts';
import type { Match } from './catalogue-schema.ts';
import type { Basis, Cause } from './causes.ts';
import type { OwnLimit } from './inference/limits/own-limit.ts';
import type { IndexedRule, RuleIndex } from './rule-index.ts';

/** Why a request ended as it did, and which rule of the catalogue said so. */
export interface Classification {
  readonly cause: Cause;
  readonly basis: Basis;
  readonly rule: string;
}

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

/** nginx `proxy_read_timeout`, AWS ALB's idle timeout and Novita's gateway all give up after 60 s unless told otherwise. */
const DEFAULT_GATEWAY_TIMEOUT_SECONDS = 60;
/** A timeout ends a request at its limit; clocks round down before it, connecting and transfer come on top of it. */
const AT_TIMEOUT_FROM = 0.97;
const AT_TIMEOUT_TO = 1.1;

const SUCCESS: Classification = Object.freeze({ cause: 'none', basis: 'status', rule: 'success' });
const UNCLASSIFIED: Classification = Object.freeze({ cause: 'unclassified', basis: 'status', rule: 'no_rule' });

/** An event's evidence in the form that rules ask for it. */
interface Evidence {
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

const NO_CONTEXT: ClassifyContext = Object.freeze({});

/**
 * Names the cause of one ended request. Pure and total: any event gets an answer, nothing throws. A success costs a few
 * comparisons and allocates nothing.
 */
export function classify(event: RequestEvent, catalogue: Catalogue, context = NO_CONTEXT): Classification {
  if (isSuccess(event)) return SUCCESS;
  const evidence = gather(event, context);
  const first = candidates(evidence, catalogue.index).find((rule) => holds(rule, evidence));
  if (first === undefined) return event.code < 400 && event.error === undefined ? SUCCESS : UNCLASSIFIED;
  const refining = catalogue.index.byRefinedCause.get(first.rule.cause);
  const { rule } = refining?.find((refinement) => holds(refinement, evidence)) ?? first;
  return { cause: rule.cause, basis: rule.basis, rule: rule.id };
}

/** Envoy writes `-` and HAProxy `--` or `----` for "nothing to report". */
function isSuccess({ code, error, origin, flags }: RequestEvent): boolean {
  return (
    code >= 100 &&
    code < 400 &&
    error === undefined &&
    (origin === undefined || origin === 'provider' || origin === 'edge') &&
    (flags === undefined || flags === '-' || flags.startsWith('--'))
  );
}

function gather(event: RequestEvent, context: ClassifyContext): Evidence {
  const { code, error, flags } = event;
  return {
    event,
    durationSeconds: lastTryOf(event).durationSeconds,
    status: code < 400 ? (error?.status ?? code) : code,
    code: error?.code?.toLowerCase(),
    type: error?.type?.toLowerCase(),
    flags: flags === undefined ? [] : flagsOf(flags),
    // An input that did not look at the shape saw words at least.
    shape: error === undefined ? 'unseen' : (error.shape ?? 'text'),
    context,
  };
}

/** HAProxy's termination state; one that starts with L was answered by HAProxy itself and gives no reason. */
const TERMINATION_STATE = /^[A-KM-Zcs-][A-Z-][NIDVEOUA-][NIUPRD-]$/;
const MAX_FLAGS = 8;

/** Envoy lists flags (`UF,URX`); HAProxy's state names the cause in its first two of four characters (`sH--`). */
function flagsOf(logged: string): string[] {
  const flags = logged.split(/[,\s]+/, MAX_FLAGS);
  return flags.map((flag) => (TERMINATION_STATE.test(flag) ? flag.slice(0, 2) : flag));
}

function candidates({ event, status, code, type, flags }: Evidence, index: RuleIndex): readonly IndexedRule[] {
  if (code === undefined && type === undefined && flags.length === 0 && event.error?.message === undefined) {
    return index.wordless.get(status) ?? index.always;
  }
  const found = new Set(index.always);
  const add = (rules: Iterable<IndexedRule> | undefined) => {
    if (rules !== undefined) for (const rule of rules) found.add(rule);
  };
  add(index.byStatus.get(status));
  if (code !== undefined) add(index.byCode.get(code));
  if (type !== undefined) add(index.byCode.get(type));
  for (const flag of flags) add(index.byFlag.get(flag));
  if (event.error?.message !== undefined) add(index.byKeyword(event.error.message));
  return [...found].sort((a, b) => a.order - b.order);
}

function holds({ rule: { match, provider }, pattern }: IndexedRule, evidence: Evidence): boolean {
  const { event, status, code, type, flags, context } = evidence;
  return (
    accepts(provider, event.provider) &&
    accepts(match.status, status) &&
    (match.code === undefined || accepts(match.code, code) || accepts(match.code, type)) &&
    accepts(match.origin, event.origin) &&
    accepts(match.phase, event.phase) &&
    accepts(match.shape, evidence.shape) &&
    equals(match.stream, event.stream) &&
    equals(match.key_present, event.keyPresent) &&
    equals(match.own_key, event.ownKey === true) &&
    equals(match.first_token, event.firstTokenSeconds !== undefined) &&
    equals(match.at_gateway_timeout, endsAtTimeout(evidence.durationSeconds, context.gatewayTimeoutSeconds)) &&
    atLeast(match.min_seconds, evidence.durationSeconds) &&
    atLeast(match.min_retry_after_seconds, event.retryAfterSeconds) &&
    equals(match.should_retry, event.shouldRetry) &&
    (match.exhausted === undefined || match.exhausted.some((what) => event.rateLimit?.exhausted.includes(what))) &&
    isSeenInTraffic(match, context) &&
    (match.flags === undefined || match.flags.some((flag) => flags.includes(flag))) &&
    (pattern === undefined || pattern.test(event.error?.message ?? ''))
  );
}

function isSeenInTraffic(match: Match, context: ClassifyContext): boolean {
  return (
    equals(match.fast_reject, context.fastReject) &&
    equals(match.traffic_ramping, context.trafficRamping) &&
    equals(match.failing_under_load, context.failingUnderLoad) &&
    equals(match.model_stalled, context.modelStalled) &&
    atLeast(match.models_failing, context.modelsFailing) &&
    accepts(match.own_limit, context.ownLimit)
  );
}

function accepts<T>(wanted: readonly T[] | undefined, value: T | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value));
}

function equals(wanted: boolean | undefined, value: boolean | undefined): boolean {
  return wanted === undefined || wanted === value;
}

function atLeast(least: number | undefined, value: number | undefined): boolean {
  return least === undefined || (value !== undefined && value >= least);
}

function endsAtTimeout(seconds: number | undefined, timeout = DEFAULT_GATEWAY_TIMEOUT_SECONDS): boolean {
  return seconds !== undefined && seconds >= timeout * AT_TIMEOUT_FROM && seconds <= timeout * AT_TIMEOUT_TO;
}
