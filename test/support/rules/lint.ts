import type { Problem } from '../../../src/problem.ts';
import { annotation, comparison, duration, template, wait } from './checks/alert.ts';
import { divisionGuard, impossible, nan } from './checks/matching.ts';
import {
  aggregate,
  bucketBound,
  counter,
  fragile,
  regexp,
  retention,
  syntax,
  vectorZero,
  windows,
} from './checks/promql.ts';
import { comment, dependency, duplicate, groupFaults, label, link, name, selector } from './checks/rule.ts';
import { defaultLintOptions, type LintOptions, type RuleCheck } from './lint-options.ts';
import { type Group, type Rule, readRuleFile } from './rule-file.ts';
import { createRuleSet } from './rule-set.ts';

/** Checks by name: pint's own names where pint has the check, `pack/…` for what this pack promises beyond. */
export const RULE_CHECKS = {
  'alerts/annotation': annotation,
  'alerts/comparison': comparison,
  'alerts/for': duration,
  'alerts/template': template,
  'promql/aggregate': aggregate,
  'promql/counter': counter,
  'promql/fragile': fragile,
  'promql/impossible': impossible,
  'promql/nan': nan,
  'promql/range_query': retention,
  'promql/rate': windows,
  'promql/regexp': regexp,
  'promql/selector': selector,
  'promql/syntax': syntax,
  'rule/dependency': dependency,
  'rule/duplicate': duplicate,
  'rule/for': wait,
  'rule/label': label,
  'rule/link': link,
  'rule/name': name,
  'pack/comment': comment,
  'pack/division-guard': divisionGuard,
  'pack/le-equality': bucketBound,
  'pack/vector-zero': vectorZero,
} as const satisfies Readonly<Record<string, RuleCheck>>;

/** Found beside the rules: in the file, its groups and the list of exceptions. */
export const OTHER_CHECKS = ['yaml/parse', 'group/interval', 'pack/group-size', 'pack/exception'] as const;

/** pint's checks that are not here, and why. */
export const NOT_OFFLINE: Readonly<Record<string, string>> = {
  'alerts/absent': 'asks a Prometheus how long the metric of absent() has been there',
  'alerts/count': 'asks a Prometheus how often an alert would have fired; backtest does that from logs',
  'alerts/external_labels': 'compares with the external_labels of a running Prometheus',
  'labels/conflict': 'compares with the external_labels of a running Prometheus',
  'promql/features': 'asks a Prometheus for its feature flags; promql/syntax refuses all that needs one',
  'promql/offset': 'judges an offset by the age of the data in a running Prometheus',
  'promql/series': 'asks a Prometheus whether series exist; the contract test asks a scrape of the real exporter',
  'promql/vector_matching': 'runs both sides of a join in a Prometheus; promql/impossible does what labels tell',
  'query/cost': 'runs the query in a Prometheus and counts series',
  'rule/owner': 'wants a comment with the name of a team: the pack has one owner',
  'rule/reject': 'refuses patterns of a user: the closed sets of rule/label say what is allowed',
  'rule/report': 'reports every rule on purpose',
  'ignore/file': 'about comments that switch pint off: exceptions here are listed in one place with their reasons',
  'pint/comment': 'about the syntax of such comments',
};

/** Everything that is wrong with a rule file, in the order of its lines. */
export function lintRules(text: string, overrides: Partial<LintOptions> = {}): readonly Problem[] {
  const options = { ...defaultLintOptions, ...overrides };
  const { groups, problems } = readRuleFile(text, options.file);
  const context = { set: createRuleSet(groups, options.series), options };
  const inGroups = groups.flatMap((group) =>
    groupFaults(group, context).map(([code, message]) => groupProblem(group, { code, message, options })),
  );
  const used = new Set<LintOptions['exceptions'][number]>();
  const inRules = context.set.rules.flatMap((rule) =>
    Object.entries(RULE_CHECKS).flatMap(([code, check]) => {
      const findings = check(rule, context);
      const exception = options.exceptions.find((entry) => entry.code === code && entry.rule === rule.name);
      if (exception === undefined || findings.length === 0)
        return findings.map(({ message, offset }) => ruleProblem(rule, { code, message, offset, options }));
      used.add(exception);
      return [];
    }),
  );
  const unused = options.exceptions
    .filter((entry) => !used.has(entry))
    .map(({ code, rule }) => ({
      code: 'pack/exception',
      message: `${rule} does not break ${code}: remove the exception`,
      file: options.file,
    }));
  const all: Problem[] = [...problems, ...inGroups, ...inRules, ...unused];
  return all.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

interface Told {
  readonly code: string;
  readonly message: string;
  readonly offset?: number | undefined;
  readonly options: LintOptions;
}

function groupProblem({ name: group, line }: Group, { code, message, options }: Told): Problem {
  return { code, message: `group ${group}: ${message} [${code}]`, file: options.file, line };
}

function ruleProblem({ group, name: rule, expr, line }: Rule, { code, message, offset, options }: Told): Problem {
  const place = offset === undefined ? { line } : expr.at(offset);
  return { code, message: `group ${group}, ${rule}: ${message} [${code}]`, file: options.file, ...place };
}
