import { bare, type Expression, isScalar, type Matcher, SET_OPERATORS, subjectOf } from '../promql/expression.ts';
import type { Rule } from './rule-file.ts';
import type { RuleSet } from './rule-set.ts';

/** The values a label can have; undefined: any. */
export type Values = ReadonlySet<string> | undefined;

/** Values of a label on the alerts of a rule or on what it records, as far as matchers and rules spell them out. */
export function valuesOfRule(rule: Rule, label: string, set: RuleSet): Values {
  if (label === 'alertname' && rule.kind === 'alert') return new Set([rule.name]);
  return ofRule(rule, { label, set, seen: [] });
}

interface Search {
  readonly label: string;
  readonly set: RuleSet;
  /** Recordings on the way here, so that a circle ends. */
  readonly seen: readonly string[];
}

function ofRule({ labels, expression }: Rule, search: Search): Values {
  const own = labels[search.label];
  if (own !== undefined) return new Set([own]);
  return expression === undefined ? undefined : of(expression, search);
}

function of(expression: Expression, search: Search): Values {
  const inner = bare(expression);
  switch (inner.kind) {
    case 'number':
    case 'string':
      return undefined;
    case 'unary':
    case 'range':
    case 'subquery':
      return of(inner.of, search);
    case 'selector':
      return inner.matchers
        .filter(({ label }) => label === search.label)
        .map(spelledOut)
        .reduce(both, recorded(inner.name, search));
    case 'call':
    case 'aggregation': {
      const subject = subjectOf(inner);
      return subject === undefined ? undefined : of(subject, search);
    }
    case 'binary':
      if (inner.operator === 'or') return either(of(inner.left, search), of(inner.right, search));
      if (SET_OPERATORS.includes(inner.operator)) return of(inner.left, search);
      if (isScalar(inner.left) || inner.matching?.many?.side === 'right') return of(inner.right, search);
      return of(inner.left, search);
  }
}

function spelledOut({ operator, value }: Matcher): Values {
  if (operator === '=') return new Set([value]);
  return operator === '=~' && /^[\w.-]+(?:\|[\w.-]+)*$/.test(value) ? new Set(value.split('|')) : undefined;
}

function recorded(name: string, search: Search): Values {
  const sources = search.set.recorded.get(name) ?? [];
  if (sources.length === 0 || search.seen.includes(name)) return undefined;
  return sources.map((rule) => ofRule(rule, { ...search, seen: [...search.seen, name] })).reduce(either);
}

function either(one: Values, other: Values): Values {
  return one === undefined || other === undefined ? undefined : new Set([...one, ...other]);
}

function both(one: Values, other: Values): Values {
  if (one === undefined || other === undefined) return one ?? other;
  return new Set([...one].filter((value) => other.has(value)));
}
