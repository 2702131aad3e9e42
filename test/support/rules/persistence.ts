import { bare, COMPARISONS, type Expression, isScalar, subjectOf } from '../promql/expression.ts';
import type { RuleSet } from './rule-set.ts';

/**
 * How long a result may outlast what made it, in seconds: a rate over 5 minutes still sees an error 5 minutes after the
 * last one. Of conditions joined by `and` the shortest window decides, of those joined by `or` the longest. A number
 * on the other side of a comparison has no window of its own. "Nothing in 15 minutes" ends with the first that comes.
 */
export function persistenceOf(expression: Expression, set: RuleSet, seen: readonly string[] = []): number {
  const of = (part: Expression) => persistenceOf(part, set, seen);
  const inner = bare(expression);
  switch (inner.kind) {
    case 'number':
    case 'string':
      return 0;
    case 'unary':
      return of(inner.of);
    case 'range':
    case 'subquery':
      return inner.range.seconds + (inner.offset?.seconds ?? 0) + of(inner.of);
    case 'selector':
      return recordedPersistence(inner.name, set, seen);
    case 'call':
    case 'aggregation': {
      const subject = subjectOf(inner);
      return subject === undefined ? 0 : of(subject);
    }
    case 'binary':
      if (inner.operator === 'and') return Math.min(of(inner.left), of(inner.right));
      if (inner.operator === 'or') return Math.max(of(inner.left), of(inner.right));
      if (inner.operator === '==' && isZero(inner.right) && isGrowth(inner.left)) return 0;
      if (inner.operator === 'unless' || inner.operator === '/' || COMPARISONS.includes(inner.operator))
        return of(isScalar(inner.left) ? inner.right : inner.left);
      return Math.max(of(inner.left), of(inner.right));
  }
}

function recordedPersistence(name: string, set: RuleSet, seen: readonly string[]): number {
  if (seen.includes(name)) return 0;
  const sources = set.recorded.get(name) ?? [];
  return Math.max(
    0,
    ...sources.map(({ expression }) =>
      expression === undefined ? 0 : persistenceOf(expression, set, [...seen, name]),
    ),
  );
}

function isZero(expression: Expression): boolean {
  const inner = bare(expression);
  return inner.kind === 'number' && inner.value === 0;
}

/** What a counter grew by, perhaps summed. */
function isGrowth(expression: Expression): boolean {
  const inner = bare(expression);
  if (inner.kind === 'call') return inner.function === 'increase' || inner.function === 'rate';
  const subject = inner.kind === 'aggregation' ? subjectOf(inner) : undefined;
  return subject !== undefined && isGrowth(subject);
}
