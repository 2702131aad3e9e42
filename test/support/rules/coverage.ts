import type { Problem } from '../../../src/problem.ts';
import { readDuration } from '../promql/literals.ts';
import { parsePromql } from '../promql/parse.ts';
import type { Rule } from './rule-file.ts';
import { type RuleSet, selectorsOf } from './rule-set.ts';
import { type AlertCheck, readTestFile, type StoryJson } from './test-file.ts';

export interface CoverageInput {
  readonly set: RuleSet;
  /** promtool test files, path to text. */
  readonly tests: ReadonlyMap<string, string>;
  /** Runbooks, name of the alert to text. */
  readonly runbooks: ReadonlyMap<string, string>;
  /** Rule files that must be tested, as the tests may name them. */
  readonly ruleFiles: readonly string[];
}

/** What promtool does not tell: it passes a story about an alert that does not exist, and an alert without stories. */
export function coverageProblems({ set, tests, runbooks, ruleFiles }: CoverageInput): readonly Problem[] {
  const files = [...tests].map(([path, text]) => ({ path, ...readTestFile(text) }));
  const stories = files.flatMap(({ path, tests: list }) => list.map((story) => ({ path, story })));
  const names = new Set(set.alerts.map(({ name }) => name));
  const named = new Set(files.flatMap(({ rule_files: list }) => list.map((file) => file.split('/').at(-1))));
  return [
    ...stories.flatMap(({ path, story }) => unknownNames(story, names).map((name) => unknown(name, path))),
    ...[...names].flatMap((name) => alertProblems(name, { set, stories, runbooks })),
    ...[...runbooks].flatMap(([name, text]) => [
      ...(names.has(name) ? [] : [{ code: 'coverage/runbook', message: `runbook ${name}.md is about no alert` }]),
      ...[...new Set(text.match(/\bLLM[A-Z][A-Za-z0-9]+/g))]
        .filter((other) => !names.has(other))
        .map((other) => unknown(other, `runbook ${name}.md`)),
    ]),
    ...ruleFiles
      .filter((file) => !named.has(file.split('/').at(-1)))
      .map((file) => ({ code: 'coverage/rule-file', message: `${file} is in no test`, file })),
  ];
}

function unknown(name: string, where: string): Problem {
  return { code: 'coverage/name', message: `${where} names ${name}, which is no alert` };
}

function unknownNames(
  { alert_rule_test: checks = [], promql_expr_test: asked = [] }: StoryJson,
  names: ReadonlySet<string>,
): readonly string[] {
  const selected = asked.flatMap(({ expr }) => {
    const { expression } = parsePromql(expr);
    return (expression === undefined ? [] : selectorsOf(expression)).flatMap(({ matchers }) =>
      matchers.flatMap(({ label, operator, value }) => (label === 'alertname' && operator === '=' ? [value] : [])),
    );
  });
  return [...checks.map(({ alertname }) => alertname), ...selected].filter((name) => !names.has(name));
}

type Stories = readonly { readonly path: string; readonly story: StoryJson }[];

function alertProblems(
  name: string,
  { set, stories, runbooks }: Pick<CoverageInput, 'set' | 'runbooks'> & { readonly stories: Stories },
): readonly Problem[] {
  const own = stories
    .map(({ story }) => inOrder((story.alert_rule_test ?? []).filter(({ alertname }) => alertname === name)))
    .filter((checks) => checks.length > 0);
  const missing: string[] = [];
  if (!stories.some(({ path }) => path.endsWith(`/${name}.yml`))) missing.push('test file of its name');
  if (!own.some((checks) => checks.every((check) => !fires(check)))) missing.push('story in which it stays quiet');
  if (!own.some((checks) => checks.some(fires) && !fires(checks.at(-1))))
    missing.push('story in which it fires and then resolves');
  for (const rule of set.alerts.filter((alert) => alert.name === name)) {
    if (!own.flat().some((check) => expects(check, rule)))
      missing.push(`story in which it fires as ${rule.labels.severity ?? name}`);
  }
  if (!runbooks.has(name)) missing.push('runbook');
  return missing.map((what) => ({ code: 'coverage/alert', message: `${name} has no ${what}` }));
}

function inOrder(checks: readonly AlertCheck[]): readonly AlertCheck[] {
  const seconds = ({ eval_time: time }: AlertCheck) => readDuration(String(time).replaceAll(' ', '')) ?? 0;
  return [...checks].sort((a, b) => seconds(a) - seconds(b));
}

function fires(check: AlertCheck | undefined): boolean {
  return (check?.exp_alerts ?? []).length > 0;
}

/** Whether one of the expected alerts has the labels that a rule gives it: of two severities each is to be seen. */
function expects({ exp_alerts: expected = [] }: AlertCheck, { labels }: Rule): boolean {
  return expected.some(({ exp_labels: found = {} }) =>
    Object.entries(labels).every(([label, value]) => value.includes('{{') || found[label] === value),
  );
}
