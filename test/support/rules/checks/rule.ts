import { everyOf } from '../../promql/expression.ts';
import { readDuration } from '../../promql/literals.ts';
import type { CheckContext, Finding, RuleCheck } from '../lint-options.ts';
import type { Group } from '../rule-file.ts';
import { selectorsOf } from '../rule-set.ts';

const RECORD_NAME = /^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$/;

/** pint rule/name: https://prometheus.io/docs/practices/rules/ for recordings, one prefix for alerts. */
export const name: RuleCheck = (rule, { options }) => {
  if (rule.kind === 'record') {
    const isRight = RECORD_NAME.test(rule.name) && !/_total(?::|$)/.test(rule.name);
    return isRight ? [] : [{ message: `the name is not level:metric:operations without _total, as job:up:sum is` }];
  }
  return options.alertName.test(rule.name)
    ? []
    : [{ message: `the name does not look like ${options.alertName.source}` }];
};

/** pint rule/label: closed sets, all of them present, and nothing that belongs to the user. */
export const label: RuleCheck = (rule, { options }) => {
  if (rule.kind !== 'alert') return [];
  const required = Object.entries(options.alertLabels).flatMap(([key, values]) => {
    const value = rule.labels[key];
    return value !== undefined && values.includes(value)
      ? []
      : [{ message: `label ${key}: ${value ?? 'none'} is not one of ${values.join(', ')}` }];
  });
  const known = [...Object.keys(options.alertLabels), ...options.moreAlertLabels];
  const unknown = Object.keys(rule.labels).filter((key) => !known.includes(key));
  return [...required, ...unknown.map((key) => ({ message: `label ${key} is none of ${known.join(', ')}` }))];
};

/** pint rule/link, as far as it can be told offline: links are links, and the runbook's file exists. */
export const link: RuleCheck = (rule, { options }) => {
  if (rule.kind !== 'alert') return [];
  const { runbook_url: runbook, dashboard_url: dashboard } = rule.annotations;
  const findings: Finding[] = [];
  for (const [key, url] of [
    ['runbook_url', runbook],
    ['dashboard_url', dashboard],
  ] as const) {
    if (url !== undefined && !URL.canParse(url.replace(/\{\{.*?\}\}/g, 'x')))
      findings.push({ message: `${key}: ${url} is no address` });
  }
  if (runbook !== undefined && !runbook.endsWith(`/${rule.name}.md`))
    findings.push({ message: `runbook_url does not end with /${rule.name}.md` });
  if (options.runbooks?.has(rule.name) === false) findings.push({ message: 'its runbook does not exist' });
  return findings;
};

/** The reason of a threshold stands beside it: whoever is paged reads the rule first. */
export const comment: RuleCheck = ({ comment: text }) =>
  text.length >= 10 ? [] : [{ message: 'no comment above the rule says what it is for' }];

/** pint rule/duplicate: the second would only overwrite the first. */
export const duplicate: RuleCheck = (rule, { set }) => {
  const text = (other: typeof rule) => JSON.stringify([other.kind, other.name, other.labels]);
  const first = set.rules.find((other) => text(other) === text(rule));
  const isSame = first !== rule && (rule.kind === 'record' || first?.expr.value === rule.expr.value);
  return isSame ? [{ message: `the rule of line ${first?.line} has the same name and labels` }] : [];
};

/** pint rule/dependency: Prometheus keeps an order only within a group. */
export const dependency: RuleCheck = (rule, context) => {
  const { expression } = rule;
  if (expression === undefined) return [];
  return selectorsOf(expression).flatMap(({ name: series, from }) => {
    const message = dependencyFault(rule, series, context);
    return message === undefined ? [] : [{ message, offset: from }];
  });
};

function dependencyFault(
  rule: Parameters<RuleCheck>[0],
  series: string,
  { set, options }: CheckContext,
): string | undefined {
  const sources = set.recorded.get(series);
  if (sources === undefined) return series.includes(':') ? `${series} is recorded nowhere` : undefined;
  if (sources.some((source) => source === rule)) return `${series} is made from itself`;
  const inGroup = sources.filter(({ group }) => group === rule.group);
  if (inGroup.some(({ line }) => line > rule.line)) return `${series} is recorded below: record before use`;
  // An alert may lag by an evaluation; a recording passes the lag on to all that is made of it.
  if (inGroup.length > 0 || rule.kind === 'alert' || options.acrossGroups.includes(series)) return undefined;
  return `${series} comes from group ${sources[0]?.group}, in no known order: record it in this group, or list it`;
}

/** pint promql/selector: series that exist for everybody are asked for with what makes them ours. */
export const selector: RuleCheck = ({ expression }, { options }) =>
  expression === undefined
    ? []
    : everyOf(expression, 'selector').flatMap(({ expression: { name: series, matchers, from } }) =>
        options.requiredMatchers
          .filter(({ series: pattern }) => pattern.test(series))
          .filter(({ anyOf }) => !matchers.some(({ label: found }) => anyOf.includes(found)))
          .map(({ anyOf }) => ({ message: `${series} without a matcher on ${anyOf.join(' or ')}`, offset: from })),
      );

/** pint group/interval, and what Mimir allows. Gives back messages about the group. */
export function groupFaults(group: Group, { options }: CheckContext): readonly (readonly [string, string])[] {
  const seconds = readDuration(group.interval ?? '1m');
  const faults: (readonly [string, string])[] = [];
  if (seconds === undefined) faults.push(['group/interval', `interval ${group.interval} is no duration`]);
  else if (seconds > 300)
    faults.push(['group/interval', `interval ${group.interval} leaves gaps: Prometheus looks back 5m at most`]);
  if (group.rules.length > options.maxGroupRules)
    faults.push(['pack/group-size', `${group.rules.length} rules: Mimir takes ${options.maxGroupRules}; split it`]);
  return faults;
}
