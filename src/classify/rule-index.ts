import type { Cause } from './causes.ts';
import { type Clue, createKeywordIndex, type KeywordIndex } from './keyword-index.ts';
import { requiredSets } from './pattern.ts';
import { alternativesOf } from './pattern-syntax.ts';
import type { Rule } from './rule.ts';

/** A rule made ready: its place in the order, and one of its message patterns or all of them as one. */
export interface IndexedRule {
  readonly rule: Rule;
  readonly order: number;
  readonly pattern: RegExp | undefined;
}

/**
 * Rules by the rarest thing they ask for. Each is filed in one place only: under its machine codes, else its flags, its
 * message keywords, its statuses; `always` holds what is left, and is kept short.
 */
export interface RuleIndex {
  readonly byCode: ReadonlyMap<string, readonly IndexedRule[]>;
  readonly byFlag: ReadonlyMap<string, readonly IndexedRule[]>;
  readonly byStatus: ReadonlyMap<number, readonly IndexedRule[]>;
  readonly byKeyword: KeywordIndex<IndexedRule>;
  readonly byRefinedCause: ReadonlyMap<Cause, readonly IndexedRule[]>;
  readonly always: readonly IndexedRule[];
  /** Of each status that a rule names: those of `byStatus` and `always` in their order, all there is to try for an answer without words. */
  readonly wordless: ReadonlyMap<number, readonly IndexedRule[]>;
}

/** Compiles rules once, in their order. */
export function createRuleIndex(rules: readonly Rule[]): RuleIndex {
  const byCode = new Map<string, IndexedRule[]>();
  const byFlag = new Map<string, IndexedRule[]>();
  const byStatus = new Map<number, IndexedRule[]>();
  const byRefinedCause = new Map<Cause, IndexedRule[]>();
  const keywords: (readonly [readonly Clue[], IndexedRule])[] = [];
  const always: IndexedRule[] = [];
  for (const [order, rule] of rules.entries()) {
    const { code, flags, message, status } = rule.match;
    const indexed = { rule, order, pattern: message && compile(message.join('|')) };
    const byPattern = code || flags || rule.refines ? undefined : keywordsOf(indexed);
    if (rule.refines !== undefined) file(byRefinedCause, rule.refines, indexed);
    else if (code !== undefined) file(byCode, code, indexed);
    else if (flags !== undefined) file(byFlag, flags, indexed);
    else if (byPattern !== undefined) keywords.push(...byPattern);
    else if (status !== undefined) file(byStatus, status, indexed);
    else always.push(indexed);
  }
  const wordless = new Map(
    Array.from(byStatus, ([status, filed]) => [
      status,
      [...new Set([...always, ...filed])].sort((a, b) => a.order - b.order),
    ]),
  );
  return { byCode, byFlag, byStatus, byRefinedCause, always, wordless, byKeyword: createKeywordIndex(keywords) };
}

/** Each alternative of a rule's patterns under its own keywords, so that only those are tried whose keywords all occur. */
function keywordsOf({ rule, order }: IndexedRule): (readonly [readonly Clue[], IndexedRule])[] | undefined {
  const alternatives = (rule.match.message ?? []).flatMap(alternativesOf);
  const keywords = alternatives.map((source) => {
    const indexed = { rule, order, pattern: compile(source) };
    return [requiredSets(source), indexed] as const;
  });
  return keywords.length > 0 && keywords.every(([clues]) => clues.length > 0) ? keywords : undefined;
}

function compile(source: string): RegExp {
  return new RegExp(source, 'im');
}

function file<K>(map: Map<K, IndexedRule[]>, keys: readonly K[], rule: IndexedRule): void {
  for (const key of keys) {
    const filed = map.get(key);
    if (filed === undefined) map.set(key, [rule]);
    else filed.push(rule);
  }
}
