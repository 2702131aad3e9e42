import type { Problem } from '../../../src/problem.ts';
import { everyOf } from '../promql/expression.ts';
import { presenceOf } from '../promql/labels.ts';
import { formatSeconds, readDuration } from '../promql/literals.ts';
import {
  type AlertLabels,
  type AlertmanagerConfig,
  canMatch,
  everyRoute,
  type InhibitRule,
  type LabelMatcher,
  type Route,
  readAlertmanager,
  routesOf,
} from './alertmanager.ts';
import { valuesOfRule } from './label-values.ts';
import type { Exception } from './lint-options.ts';
import { persistenceOf } from './persistence.ts';
import { type Rule, readRuleFile } from './rule-file.ts';
import { createRuleSet, passes, type RuleSet, type SeriesFacts, selectorsOf } from './rule-set.ts';

export interface InhibitionOptions {
  /** Name of the configuration, to show in problems. */
  readonly file?: string;
  readonly series?: ReadonlyMap<string, SeriesFacts>;
  /** Notification templates, as text: what the configuration names must be defined in one of them. */
  readonly templates?: readonly string[];
  /** Alerts made of missing data: a broken pipeline may mute these, and no other of the API. */
  readonly missingData?: readonly string[];
  /** By check and `Source/severity > Target/severity`, `*` for any. One that excuses nothing is a problem. */
  readonly exceptions?: readonly Exception[];
}

/** One alert that mutes another through a rule. */
interface Pair {
  readonly by: InhibitRule;
  readonly source: AlertLabels;
  readonly target: AlertLabels;
}

/** What a check says of a pair or a rule; `subject` is what an exception names. */
interface Finding {
  readonly code: string;
  readonly subject: string;
  readonly message: string;
  readonly line: number;
}

/** Everything wrong between a rule file and the Alertmanager configuration that goes with it. */
export function lintInhibition(
  files: { readonly rules: string; readonly config: string },
  options: InhibitionOptions = {},
): readonly Problem[] {
  const { file = 'alertmanager.yml', exceptions = [], templates = [] } = options;
  const set = createRuleSet(readRuleFile(files.rules).groups, options.series);
  const alerts = set.alerts.map((rule) => ({ rule, labels: set.labelsOf(rule) }));
  const config = readAlertmanager(files.config, file);
  const pairs = pairsOf(config, alerts).filter((pair) => canBeEqual(pair, set));
  const findings = [
    ...config.inhibitRules.flatMap((rule) => [...deadSides(rule, alerts), ...equalFaults(rule, pairs)]),
    ...pairs.flatMap((pair) => [
      ...selfFaults(pair, pairs),
      ...pipelineFaults(pair, options),
      ...timeFaults(pair, config, set),
    ]),
    ...cycles(pairs),
    ...nameFaults(config, set),
    ...routeFaults(config),
    ...templateFaults(files.config, templates),
  ];
  const fits = ({ code, rule }: Exception, finding: Finding) =>
    code === finding.code && new RegExp(`^${rule.replaceAll('*', '.*')}$`).test(finding.subject);
  const excused = (finding: Finding) => exceptions.some((exception) => fits(exception, finding));
  const unused = exceptions.filter((exception) => !findings.some((finding) => fits(exception, finding)));
  return [
    ...config.problems,
    ...findings
      .filter((finding) => !excused(finding))
      .map(({ code, message, line, subject }) => ({ code, message: `${subject}: ${message} [${code}]`, file, line })),
    ...unused.map(({ code, rule }) => ({
      code: 'pack/exception',
      message: `${rule} does not break ${code}: remove the exception`,
      file,
    })),
  ];
}

function pairsOf({ inhibitRules }: AlertmanagerConfig, alerts: readonly AlertLabels[]): readonly Pair[] {
  return inhibitRules.flatMap((by) =>
    alerts
      .filter((source) => canMatch(source, by.source))
      .flatMap((source) =>
        alerts.filter((target) => canMatch(target, by.target)).map((target) => ({ by, source, target })),
      ),
  );
}

/** Whether the labels that must be equal can be: an alert on 503 never mutes one on 504 where `code` is compared. */
function canBeEqual({ by, source, target }: Pair, set: RuleSet): boolean {
  return by.equal.every((label) => {
    const [here, there] = [source, target].map(({ rule }) => valuesOfRule(rule, label, set));
    return here === undefined || there === undefined || [...here].some((value) => there.has(value));
  });
}

function titleOf({ rule }: AlertLabels): string {
  return rule.labels.severity === undefined ? rule.name : `${rule.name}/${rule.labels.severity}`;
}

function subjectOf({ source, target }: Pair): string {
  return `${titleOf(source)} > ${titleOf(target)}`;
}

function deadSides(rule: InhibitRule, alerts: readonly AlertLabels[]): readonly Finding[] {
  return (['source', 'target'] as const)
    .filter((side) => !alerts.some((alert) => canMatch(alert, rule[side])))
    .map((side) => ({
      code: 'inhibition/dead',
      subject: `the rule of line ${rule.line}`,
      message: `its ${side}_matchers match no alert`,
      line: rule.line,
    }));
}

/**
 * Missing is equal to missing (alertmanager issue 507): a label is on all alerts that the rule compares with one
 * another, or on none of them. With `alertname` among the labels, those of each name are by themselves.
 */
function equalFaults(rule: InhibitRule, pairs: readonly Pair[]): readonly Finding[] {
  return connected(pairs.filter(({ by }) => by === rule)).flatMap((alerts) =>
    rule.equal.flatMap((label) => {
      const without = alerts.filter(({ labels }) => presenceOf(labels, label) === 'never');
      if (without.length === alerts.length) return [];
      return without.map((alert) => ({
        code: 'inhibition/equal',
        subject: titleOf(alert),
        message: `has no ${label}, which this rule compares and others have: missing is equal to missing`,
        line: rule.line,
      }));
    }),
  );
}

/** Alerts that a chain of pairs joins. */
function connected(pairs: readonly Pair[]): readonly (readonly AlertLabels[])[] {
  let groups: readonly ReadonlySet<AlertLabels>[] = [];
  for (const { source, target } of pairs) {
    const touched = groups.filter((group) => group.has(source) || group.has(target));
    const joined = new Set([source, target, ...touched.flatMap((group) => [...group])]);
    groups = [...groups.filter((group) => !touched.includes(group)), joined];
  }
  return groups.map((group) => [...group]);
}

function selfFaults(pair: Pair, pairs: readonly Pair[]): readonly Finding[] {
  const { by, source, target } = pair;
  const isBoth = pairs.some((other) => other.by === by && other.source === target) && source === target;
  if (!isBoth) return [];
  const message = 'is source and target of the same rule';
  return [{ code: 'inhibition/self', subject: subjectOf(pair), message, line: by.line }];
}

function pipelineFaults(pair: Pair, { missingData = [] }: InhibitionOptions): readonly Finding[] {
  const { source, target, by } = pair;
  const isOfData = target.rule.labels.signal === 'pipeline' || missingData.includes(target.rule.name);
  if (source.rule.labels.signal !== 'pipeline' || isOfData) return [];
  const message = 'a fault of the exporter must not hide a failing API: only alerts made of missing data may be muted';
  return [{ code: 'inhibition/pipeline', subject: subjectOf(pair), message, line: by.line }];
}

/**
 * The source fires before the target is sent, and goes last. Only the target's group_wait counts: a firing alert mutes
 * before it is notified itself. At the end the source may be gone with the last error, while the target lasts as long
 * as its shortest window still sees one, and its keep_firing_for after that.
 */
function timeFaults(pair: Pair, { route }: AlertmanagerConfig, set: RuleSet): readonly Finding[] {
  const { source, target, by } = pair;
  if (source === target) return [];
  const waits = (route === undefined ? [] : routesOf(target, route)).map(({ groupWaitSeconds }) => groupWaitSeconds);
  const sentAfter = secondsOf(target.rule.for) + Math.min(...waits, Number.MAX_SAFE_INTEGER);
  const findings: Finding[] = [];
  const finding = (message: string) =>
    findings.push({ code: 'inhibition/order', subject: subjectOf(pair), message, line: by.line });
  if (secondsOf(source.rule.for) > sentAfter)
    finding(`fires after ${source.rule.for}, when the target was sent after ${formatSeconds(sentAfter)}`);
  const lasts = secondsOf(target.rule.keepFiringFor) + lastingOf(target.rule, set);
  const kept = secondsOf(source.rule.keepFiringFor);
  if (kept < lasts && !yieldsTo(target.rule, source.rule))
    finding(`is kept for ${formatSeconds(kept)}, but the target lasts ${formatSeconds(lasts)} after the last error`);
  return findings;
}

function secondsOf(duration: string | undefined): number {
  return readDuration(duration ?? '0') ?? 0;
}

function lastingOf({ expression }: Rule, set: RuleSet): number {
  return expression === undefined ? 0 : persistenceOf(expression, set);
}

/** `… unless … ALERTS{alertname="Source"}`: the target looks itself whether the source has just fired. */
function yieldsTo({ expression }: Rule, source: Rule): boolean {
  const labels: Readonly<Record<string, string>> = { ...source.labels, alertname: source.name };
  const excluded =
    expression === undefined
      ? []
      : everyOf(expression, 'binary').filter(({ expression: { operator } }) => operator === 'unless');
  return excluded.some(({ expression: { right } }) =>
    selectorsOf(right).some(
      ({ name, matchers }) =>
        name === 'ALERTS' &&
        matchers.every((matcher) => {
          const value = labels[matcher.label];
          return value === undefined || passes(matcher, value);
        }),
    ),
  );
}

/** Alerts that mute one another, directly or around: whoever is first wins, and the page depends on luck. */
function cycles(pairs: readonly Pair[]): readonly Finding[] {
  const mutes = Map.groupBy(pairs, ({ source }) => source);
  const done = new Set<AlertLabels>();
  const findings: Finding[] = [];
  const visit = (alert: AlertLabels, trail: readonly AlertLabels[]): void => {
    const from = trail.indexOf(alert);
    if (from > 0 || (from === 0 && trail.length > 1)) {
      const subject = [...trail.slice(from), alert].map(titleOf).join(' > ');
      const line = (mutes.get(alert) ?? [])[0]?.by.line ?? 1;
      findings.push({ code: 'inhibition/cycle', subject, message: 'goes round', line });
    }
    if (from >= 0 || done.has(alert)) return;
    for (const { target } of mutes.get(alert) ?? []) if (target !== alert) visit(target, [...trail, alert]);
    done.add(alert);
  };
  for (const alert of mutes.keys()) visit(alert, []);
  return findings;
}

/** Alerts that a matcher names must exist: a renamed alert would be muted by nothing, and nobody would notice. */
function nameFaults({ route, inhibitRules }: AlertmanagerConfig, { alerts }: RuleSet): readonly Finding[] {
  const places: (readonly [number, readonly LabelMatcher[]])[] = [
    ...(route === undefined ? [] : everyRoute(route).map(({ line, matchers }) => [line, matchers] as const)),
    ...inhibitRules.map(({ line, source, target }) => [line, [...source, ...target]] as const),
  ];
  return places.flatMap(([line, matchers]) =>
    matchers
      .filter(({ label, operator }) => label === 'alertname' && !operator.startsWith('!'))
      .flatMap(({ operator, value }) =>
        (operator === '=' ? [value] : value.split('|'))
          .filter((name) => !alerts.some((alert) => passes({ operator, value: name }, alert.name)))
          .map((name) => ({ code: 'inhibition/name', subject: name, message: 'there is no such alert', line })),
      ),
  );
}

function routeFaults({ route, receivers, intervals }: AlertmanagerConfig): readonly Finding[] {
  if (route === undefined) return [{ code: 'alertmanager/route', subject: 'route', message: 'there is none', line: 1 }];
  return everyRoute(route).flatMap(({ line, receiver, intervals: used }: Route) => [
    ...(receivers.includes(receiver)
      ? []
      : [{ code: 'alertmanager/route', subject: `receiver ${receiver}`, message: 'is not defined', line }]),
    ...used
      .filter((interval) => !intervals.includes(interval))
      .map((interval) => ({
        code: 'alertmanager/route',
        subject: `time interval ${interval}`,
        message: 'is not defined',
        line,
      })),
  ]);
}

/** Alertmanager starts all the same, and loses the page (alertmanager issue 2857). Examples in comments count, too. */
function templateFaults(config: string, templates: readonly string[]): readonly Finding[] {
  const defined = new Set(
    templates.flatMap((text) => [...text.matchAll(/\bdefine\s+"([^"]+)"/g)].map(([, name]) => name)),
  );
  return [config, ...templates].flatMap((text, index) =>
    text.split('\n').flatMap((content, line) =>
      [...content.matchAll(/\btemplate\s+"([^"]+)"/g)]
        .map(([, name = '']) => name)
        .filter((name) => !defined.has(name) && !IS_BUILT_IN.test(name))
        .map((name) => ({
          code: 'alertmanager/template',
          subject: name,
          message: `is defined nowhere${index === 0 ? '' : `, and used in template file ${index}`}`,
          line: index === 0 ? line + 1 : 1,
        })),
    ),
  );
}

/** Those of Alertmanager's own default.tmpl. */
const IS_BUILT_IN = /^__|\.default\./;
