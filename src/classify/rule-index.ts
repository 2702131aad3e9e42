import { ORIGINS, type Origin } from '../event/request-event.ts';
import type { Cause } from './causes.ts';
import { type Condition, type Conditions, conditionsOf, type Evidence, says } from './conditions.ts';
import { type Clue, createKeywordIndex, type KeywordIndex } from './keyword-index.ts';
import { requiredSets } from './pattern.ts';
import { alternativesOf } from './pattern-syntax.ts';
import type { Classification, Rule } from './rule.ts';

/** A rule made ready, with one of its message patterns or all of them as one. */
export interface IndexedRule {
  readonly rule: Rule;
  /** Its place among all rules. */
  readonly order: number;
  readonly conditions: Conditions;
  /** What it says, the same for all that it decides. */
  readonly verdict: Classification;
}

/**
 * Rules by the rarest thing they ask for, each list in the order of the rules. Each is filed in one place only: under its
 * machine codes, else its flags, its message keywords, or else among the plain ones.
 */
export interface RuleIndex {
  readonly byCode: ReadonlyMap<string, readonly IndexedRule[]>;
  readonly byFlag: ReadonlyMap<string, readonly IndexedRule[]>;
  readonly byKeyword: KeywordIndex<IndexedRule>;
  readonly byRefinedCause: ReadonlyMap<Cause, readonly IndexedRule[]>;
  /** Those that ask for no words: all there is to try for a bare answer of this status and origin, and mostly one. */
  readonly plain: (status: number, origin: Origin | undefined) => readonly IndexedRule[];
}

/** Compiles rules once, in their order. */
export function createRuleIndex(rules: readonly Rule[]): RuleIndex {
  const byCode = new Map<string, IndexedRule[]>();
  const byFlag = new Map<string, IndexedRule[]>();
  const byRefinedCause = new Map<Cause, IndexedRule[]>();
  const keywords: (readonly [readonly Clue[], IndexedRule])[] = [];
  const plain: IndexedRule[] = [];
  for (const [order, rule] of rules.entries()) {
    const { code, flags, message } = rule.match;
    const wordless = makeReady(rule, order);
    const byPattern = code || flags || rule.refines ? undefined : keywordsOf(wordless);
    const indexed = message && byPattern === undefined ? withPattern(wordless, message.join('|')) : wordless;
    if (rule.refines !== undefined) file(byRefinedCause, rule.refines, indexed);
    else if (code !== undefined) file(byCode, code, indexed);
    else if (flags !== undefined) file(byFlag, flags, indexed);
    else if (byPattern !== undefined) keywords.push(...byPattern);
    else plain.push(indexed);
  }
  return { byCode, byFlag, byRefinedCause, byKeyword: createKeywordIndex(keywords), plain: fileByAnswer(plain) };
}

/** The first of `rules` that holds, if it comes before `best`; else `best`. */
export function firstThatHolds(
  rules: readonly IndexedRule[] | undefined,
  evidence: Evidence,
  best?: IndexedRule,
): IndexedRule | undefined {
  if (rules === undefined) return best;
  for (const rule of rules) {
    if (best !== undefined && rule.order >= best.order) return best;
    if (allHold(rule.conditions.all, evidence)) return rule;
  }
  return best;
}

export function allHold(conditions: readonly Condition[], evidence: Evidence): boolean {
  for (const condition of conditions) if (!condition(evidence)) return false;
  return true;
}

/** All but the message's patterns. */
function makeReady(rule: Rule, order: number): IndexedRule {
  const { cause, basis, id } = rule;
  return { rule, order, conditions: conditionsOf(rule), verdict: Object.freeze({ cause, basis, rule: id }) };
}

/** Last, as it takes longest to look at. */
function withPattern(wordless: IndexedRule, pattern: string): IndexedRule {
  const { all, fixed, moving } = wordless.conditions;
  const condition = says(new RegExp(pattern, 'im'));
  return { ...wordless, conditions: { all: [...all, condition], fixed: [...fixed, condition], moving } };
}

/** Each alternative of a rule's patterns under its own keywords, so that only those are tried whose keywords all occur. */
function keywordsOf(wordless: IndexedRule): (readonly [readonly Clue[], IndexedRule])[] | undefined {
  const alternatives = (wordless.rule.match.message ?? []).flatMap(alternativesOf);
  const keywords = alternatives.map((source) => [requiredSets(source), withPattern(wordless, source)] as const);
  return keywords.length > 0 && keywords.every(([clues]) => clues.length > 0) ? keywords : undefined;
}

/** Origins tell most of the plain rules apart, so that hardly one is tried in vain. */
function fileByAnswer(rules: readonly IndexedRule[]): RuleIndex['plain'] {
  const ofStatus = (status: number | undefined) => {
    const fitting = rules.filter(({ rule }) => mayBe(rule.match.status, status));
    const ofOrigin = (origin: Origin | undefined) => fitting.filter(({ rule }) => mayBe(rule.match.origin, origin));
    return new Map([undefined, ...ORIGINS].map((origin) => [origin, ofOrigin(origin)]));
  };
  const statuses = new Set(rules.flatMap(({ rule: { match } }) => match.status ?? []));
  const byStatus = new Map(Array.from(statuses, (status) => [status, ofStatus(status)]));
  const unnamed = ofStatus(undefined);
  return (status, origin) => (byStatus.get(status) ?? unnamed).get(origin) ?? [];
}

function mayBe<T>(wanted: readonly T[] | undefined, value: T | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value));
}

function file<K>(map: Map<K, IndexedRule[]>, keys: readonly K[], rule: IndexedRule): void {
  for (const key of keys) {
    const filed = map.get(key);
    if (filed === undefined) map.set(key, [rule]);
    else filed.push(rule);
  }
}
