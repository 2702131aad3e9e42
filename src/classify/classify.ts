import { lastTryOf } from '../event/last-try.ts';
import type { RequestEvent } from '../event/request-event.ts';
import type { Catalogue } from './catalogue.ts';
import type { ClassifyContext, Evidence } from './conditions.ts';
import type { Classification } from './rule.ts';
import { firstThatHolds, type IndexedRule, type RuleIndex } from './rule-index.ts';

export type { Classification, ClassifyContext };

const SUCCESS: Classification = Object.freeze({ cause: 'none', basis: 'status', rule: 'success' });
const UNCLASSIFIED: Classification = Object.freeze({ cause: 'unclassified', basis: 'status', rule: 'no_rule' });

const NO_CONTEXT: ClassifyContext = Object.freeze({});

/**
 * Names the cause of one ended request. Pure and total: any event gets an answer, nothing throws. A success costs a few
 * comparisons and allocates nothing.
 */
export function classify(event: RequestEvent, catalogue: Catalogue, context = NO_CONTEXT): Classification {
  if (isSuccess(event)) return SUCCESS;
  const evidence = gather(event, context);
  const deciding = decidingRule(evidence, catalogue.index);
  if (deciding === undefined) return event.code < 400 && event.error === undefined ? SUCCESS : UNCLASSIFIED;
  const refining = firstThatHolds(catalogue.index.byRefinedCause.get(deciding.rule.cause), evidence);
  return (refining ?? deciding).verdict;
}

/** Whether an event went well by its own account, whatever else is known. Envoy writes `-` and HAProxy `--` or `----` for "nothing to report". */
export function isSuccess({ code, error, origin, flags }: RequestEvent): boolean {
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
    flags: flags === undefined ? NO_FLAGS : flagsOf(flags),
    // An input that did not look at the shape saw words at least.
    shape: error === undefined ? 'unseen' : (error.shape ?? 'text'),
    context,
  };
}

/** HAProxy's termination state; one that starts with L was answered by HAProxy itself and gives no reason. */
const TERMINATION_STATE = /^[A-KM-Zcs-][A-Z-][NIDVEOUA-][NIUPRD-]$/;
const MAX_FLAGS = 8;
const NO_FLAGS: readonly string[] = Object.freeze([]);

/** Envoy lists flags (`UF,URX`); HAProxy's state names the cause in its first two of four characters (`sH--`). */
function flagsOf(logged: string): string[] {
  const flags = logged.split(/[,\s]+/, MAX_FLAGS);
  return flags.map((flag) => (TERMINATION_STATE.test(flag) ? flag.slice(0, 2) : flag));
}

/** Whatever it was found by, the first rule decides: each list is looked at up to the best one so far. */
function decidingRule(evidence: Evidence, { plain, byCode, byFlag, byKeyword }: RuleIndex): IndexedRule | undefined {
  const { event, status, code, type, flags } = evidence;
  let first = firstThatHolds(plain(status, event.origin), evidence);
  if (code !== undefined) first = firstThatHolds(byCode.get(code), evidence, first);
  if (type !== undefined) first = firstThatHolds(byCode.get(type), evidence, first);
  for (const flag of flags) first = firstThatHolds(byFlag.get(flag), evidence, first);
  const message = event.error?.message;
  if (message === undefined) return first;
  // Found in the order of their words.
  return firstThatHolds(byKeyword(message).toSorted(byOrder), evidence, first);
}

function byOrder(a: IndexedRule, b: IndexedRule): number {
  return a.order - b.order;
}
