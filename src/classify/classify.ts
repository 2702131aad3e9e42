import { lastTryOf } from '../event/last-try.ts';
import type { RequestEvent } from '../event/request-event.ts';
import type { Catalogue } from './catalogue.ts';
import type { ClassifyContext, Evidence } from './conditions.ts';
import type { Classification } from './rule.ts';
import { allHold, firstThatHolds, type IndexedRule, type RuleIndex } from './rule-index.ts';

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
  if (deciding === undefined) return withoutRule(event);
  const refining = firstThatHolds(catalogue.index.byRefinedCause.get(deciding.rule.cause), evidence);
  return (refining ?? deciding).verdict;
}

/** Names the cause of an event by what is known beside it. */
export type Classifier = (event: RequestEvent, context: ClassifyContext) => Classification;

type ReusedEvidence = { -readonly [K in keyof Evidence]: Evidence[K] };

interface Deciding {
  readonly rule: IndexedRule;
  readonly refining: readonly IndexedRule[];
}

/**
 * `classify` for events that differ from this one in nothing but their times, the amounts of their numbers and their ids: what rules ask of all
 * else is found out once. Of the hundreds of rules, one or two are left to be asked for each.
 */
export function classifyAlike(event: RequestEvent, catalogue: Catalogue): Classifier {
  if (isSuccess(event)) return () => withoutRule(event);
  const evidence: ReusedEvidence = gather(event, {});
  const { index } = catalogue;
  const deciding = possible(rulesToTry(evidence, index).flat().toSorted(byOrder), evidence).map(
    (rule): Deciding => ({ rule, refining: possible(index.byRefinedCause.get(rule.rule.cause) ?? [], evidence) }),
  );
  const otherwise = withoutRule(event);
  return (one, context) => {
    evidence.durationSeconds = lastTryOf(one).durationSeconds;
    evidence.context = context;
    for (const { rule, refining } of deciding) {
      if (!allHold(rule.conditions.moving, evidence)) continue;
      for (const finer of refining) if (allHold(finer.conditions.moving, evidence)) return finer.verdict;
      return rule.verdict;
    }
    return otherwise;
  };
}

/** Those that hold for some events like it, up to the first that holds for all. */
function possible(rules: readonly IndexedRule[], evidence: Evidence): readonly IndexedRule[] {
  const fitting = rules.filter(({ conditions }) => allHold(conditions.fixed, evidence));
  const last = fitting.findIndex(({ conditions }) => conditions.moving.length === 0);
  return last === -1 ? fitting : fitting.slice(0, last + 1);
}

/** What it is when no rule holds. */
function withoutRule({ code, error }: RequestEvent): Classification {
  return code < 400 && error === undefined ? SUCCESS : UNCLASSIFIED;
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
function decidingRule(evidence: Evidence, index: RuleIndex): IndexedRule | undefined {
  let first: IndexedRule | undefined;
  for (const rules of rulesToTry(evidence, index)) first = firstThatHolds(rules, evidence, first);
  return first;
}

/** The rules that may hold, in lists that each are in their order. */
function rulesToTry(
  { event, status, code, type, flags }: Evidence,
  { plain, byCode, byFlag, byKeyword }: RuleIndex,
): readonly (readonly IndexedRule[])[] {
  const lists = [plain(status, event.origin)];
  if (code !== undefined) lists.push(byCode.get(code) ?? []);
  if (type !== undefined) lists.push(byCode.get(type) ?? []);
  for (const flag of flags) lists.push(byFlag.get(flag) ?? []);
  const message = event.error?.message;
  // Found in the order of their words.
  if (message !== undefined) lists.push(byKeyword(message).toSorted(byOrder));
  return lists;
}

function byOrder(a: IndexedRule, b: IndexedRule): number {
  return a.order - b.order;
}
