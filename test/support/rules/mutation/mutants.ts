import { everyOf } from '../../promql/expression.ts';
import { readDuration } from '../../promql/literals.ts';
import { parsePromql } from '../../promql/parse.ts';
import type { Rule } from '../rule-file.ts';
import type { RuleSet } from '../rule-set.ts';
import { type Edit, type EditContext, editsOf } from './edits.ts';

/** A fault in the rules: some of them replaced by others. */
export interface Mutant {
  /** The rule it is in; with its labels where several share the name. */
  readonly rule: string;
  readonly change: string;
  readonly replaced: ReadonlyMap<Rule, Rule>;
}

export interface MutantOptions {
  /** Values that a label can have: what is matched is swapped for another of them. */
  readonly values: EditContext['values'];
  /** Rules to leave alone. */
  readonly except?: ReadonlySet<Rule>;
}

const OTHER_FOR = '10m';

/** Every mutant of every rule. Within a rule each has a text of its own. */
export function mutantsOf(set: RuleSet, { values, except = new Set() }: MutantOptions): readonly Mutant[] {
  const context: EditContext = { set, values, instanceLabels: instanceLabelsOf(set) };
  const rules = set.rules.filter((rule) => !except.has(rule));
  return [
    ...rules.flatMap((rule) => mutantsOfRule(rule, context)),
    ...context.instanceLabels.flatMap((label) => instanceLabelKept(label, set)),
  ];
}

function mutantsOfRule(rule: Rule, context: EditContext): readonly Mutant[] {
  const title = ruleTitle(rule, context.set);
  const edits = rule.expression === undefined ? [] : editsOf(rule.expr.value, rule.expression, context);
  const mutants = [
    ...numbered(edits).map(({ change, expr }) => ({ change, rule: withExpr(rule, expr) })),
    ...(rule.kind === 'alert' ? otherDurations(rule) : []),
  ];
  return mutants.map(({ change, rule: mutated }) => ({ rule: title, change, replaced: new Map([[rule, mutated]]) }));
}

/** The same text twice is told apart by a number. */
function numbered(edits: readonly Edit[]): readonly Edit[] {
  const seen = new Map<string, number>();
  return edits.map((edit) => {
    const count = (seen.get(edit.change) ?? 0) + 1;
    seen.set(edit.change, count);
    return count === 1 ? edit : { ...edit, change: `${edit.change} (${count})` };
  });
}

function withExpr(rule: Rule, value: string): Rule {
  return { ...rule, expr: { ...rule.expr, value }, ...parsePromql(value) };
}

function otherDurations(rule: Rule): readonly { readonly change: string; readonly rule: Rule }[] {
  const waits = (readDuration(rule.for ?? '0') ?? 0) > 0;
  return [
    waits
      ? { change: `for ${rule.for} to 0`, rule: { ...rule, for: undefined } }
      : { change: `for 0 to ${OTHER_FOR}`, rule: { ...rule, for: OTHER_FOR } },
    ...(rule.keepFiringFor === undefined
      ? []
      : [{ change: 'drop keep_firing_for', rule: { ...rule, keepFiringFor: undefined } }]),
  ];
}

/** Its name, with the labels that tell it from another rule of that name. */
export function ruleTitle(rule: Rule, set: RuleSet): string {
  const twins = set.rules.filter(({ kind, name }) => kind === rule.kind && name === rule.name);
  if (twins.length === 1) return rule.name;
  const telling = Object.entries(rule.labels).filter(([key, value]) =>
    twins.some(({ labels }) => labels[key] !== value),
  );
  const labels = telling.map(([key, value]) => `${key}=${value}`).join(', ');
  return `${rule.name} (${labels === '' ? `line ${rule.line}` : labels})`;
}

/** What `without` drops and the exporter does not write: labels of the target, told apart from `code` and its kind. */
function instanceLabelsOf({ rules, scraped }: RuleSet): readonly string[] {
  const written = new Set([...scraped.values()].flatMap(({ labels }) => labels));
  const dropped = rules
    .flatMap(({ expression }) => (expression === undefined ? [] : everyOf(expression, 'aggregation')))
    .flatMap(({ expression: { grouping } }) => (grouping?.mode === 'without' ? grouping.names : []))
    .map(({ name }) => name);
  return [...new Set(dropped)].filter((label) => !written.has(label));
}

/** One label of an instance is forgotten in all rules at once: one mutant a label, not one a label and rule. */
function instanceLabelKept(label: string, set: RuleSet): readonly Mutant[] {
  const replaced = new Map(
    set.rules
      .filter(({ expression }) => expression !== undefined && everyOf(expression, 'aggregation').length > 0)
      .map((rule) => [rule, withExpr(rule, withoutLabel(rule, label))] as const),
  );
  return [{ rule: 'all rules', change: `drop ${label} from every without`, replaced }];
}

function withoutLabel({ expr, expression }: Rule, label: string): string {
  const lists = expression === undefined ? [] : everyOf(expression, 'aggregation');
  // From the last on, so that the places of the others stay right.
  return lists
    .flatMap(({ expression: { grouping } }) => (grouping?.mode === 'without' ? [grouping] : []))
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, names }) => {
      const kept = names.filter(({ name }) => name !== label).map(({ name }) => name);
      return `${text.slice(0, from)}(${kept.join(', ')})${text.slice(to)}`;
    }, expr.value);
}
