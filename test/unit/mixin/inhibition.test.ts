import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { families } from '../../../src/metrics/families.ts';
import { formatProblem } from '../../../src/problem.ts';
import { type InhibitionOptions, lintInhibition } from '../../support/rules/inhibition.ts';
import type { Exception } from '../../support/rules/lint-options.ts';

const CONFIG = 'alerts/alertmanager/alertmanager.yml';

/** Where the shipped configuration breaks a check on purpose: `Source/severity > Target/severity`. */
const exceptions: readonly Exception[] = ['LLMErrorBudgetBurnSlow', 'LLMLowVolumeSustainedErrors'].map((ticket) => ({
  code: 'inhibition/order',
  rule: `* > ${ticket}/warning`,
  reason:
    'A ticket, whose window is hours: noise beside the page about the same, and what is left to be done after it.',
}));
/** Made of missing data: these may be muted by an alert about the pipeline that the data comes through. */
const missingData: readonly string[] = ['LLMTrafficVanished'];

test('the shipped configuration fits the shipped rules', () => {
  const files = { rules: readFileSync('alerts/llm.rules.yml', 'utf8'), config: readFileSync(CONFIG, 'utf8') };
  const problems = lintInhibition(files, {
    file: CONFIG,
    series: new Map(Object.entries(families)),
    templates: [readFileSync('alerts/alertmanager/templates/llm.tmpl', 'utf8')],
    missingData,
    exceptions,
  });
  assert.deepEqual(problems.map(formatProblem), []);
});

interface AlertJson {
  readonly severity?: string;
  readonly signal?: string;
  readonly expr?: string;
  readonly for?: string;
  readonly kff?: string;
}

/** Recorded over 5 and over 2 minutes, with the labels model and job. */
const recordings = [
  { record: 'model:bad:increase5m', expr: 'sum without (instance) (increase(bad_total{model!="",job!=""}[5m]))' },
  { record: 'model:bad:increase2m', expr: 'sum without (instance) (increase(bad_total{model!="",job!=""}[2m]))' },
];
const SHORT = 'model:bad:increase2m > 5 and model:bad:increase5m > 5';
/** Has no window to outlast its cause. */
const NOW = 'up{model!="",job!=""} == 0';
const critical: AlertJson = { severity: 'critical', expr: SHORT, for: '1m', kff: '10m' };
const warning: AlertJson = { severity: 'warning', expr: 'model:bad:increase5m > 5', for: '2m', kff: '5m' };

function rules(alerts: Readonly<Record<string, AlertJson>>): string {
  const list = Object.entries(alerts).map(([alert, { severity = 'warning', signal = 'availability', ...rule }]) => ({
    alert,
    expr: rule.expr ?? SHORT,
    ...(rule.for !== undefined && { for: rule.for }),
    ...(rule.kff !== undefined && { keep_firing_for: rule.kff }),
    labels: { severity, signal },
  }));
  return stringify({ groups: [{ name: 'g', rules: [...recordings, ...list] }] });
}

interface InhibitJson {
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly equal?: readonly string[];
}

const bySeverity: InhibitJson = { source: ['severity="critical"'], target: ['severity="warning"'] };

function config(
  inhibit: readonly InhibitJson[],
  { route = {}, more = '' }: { route?: object; more?: string } = {},
): string {
  return (
    stringify({
      route: { receiver: 'all', group_wait: '1m', ...route },
      inhibit_rules: inhibit.map(({ source, target, equal = ['model', 'job'] }) => ({
        source_matchers: source,
        target_matchers: target,
        equal,
      })),
      receivers: [{ name: 'all' }, { name: 'page' }],
      time_intervals: [{ name: 'night' }],
    }) + more
  );
}

const byName = (source: string, target: string): InhibitJson => ({
  source: [`alertname="${source}"`],
  target: [`alertname="${target}"`],
});

function codes(ruleText: string, configText: string, options: InhibitionOptions = {}): readonly string[] {
  return [...new Set(lintInhibition({ rules: ruleText, config: configText }, options).map(({ code }) => code))].sort();
}

const pair = { A: critical, B: warning };
const right = config([bySeverity]);

const bad: Readonly<Record<string, readonly [code: string, rules: string, config: string]>> = {
  'a label that the target has not': [
    'inhibition/equal',
    rules({ A: critical, B: { ...warning, expr: 'sum without (model) (model:bad:increase5m) > 5' } }),
    right,
  ],
  'a label that only a third alert has not, on the same side': [
    'inhibition/equal',
    rules({ ...pair, C: { ...warning, expr: 'sum by (job) (model:bad:increase5m) > 5' } }),
    right,
  ],
  'an alert that mutes itself': [
    'inhibition/self',
    rules(pair),
    config([{ ...bySeverity, target: ['severity=~".+"'] }]),
  ],
  'alerts that mute one another': [
    'inhibition/cycle',
    rules({ A: { ...warning, expr: NOW }, B: { ...warning, expr: NOW } }),
    config([byName('A', 'B'), byName('B', 'A')]),
  ],
  'a fault of the pipeline that hides one of the API': [
    'inhibition/pipeline',
    rules({ A: { ...critical, signal: 'pipeline' }, B: warning }),
    right,
  ],
  'a source that fires when the target is sent already': [
    'inhibition/order',
    rules({ ...pair, A: { ...critical, for: '4m' } }),
    right,
  ],
  'a source that goes before the target': [
    'inhibition/order',
    rules({ ...pair, A: { ...critical, kff: '9m' } }),
    right,
  ],
  'a source that only outlasts keep_firing_for': [
    'inhibition/order',
    rules({ ...pair, A: { ...critical, kff: '5m' } }),
    right,
  ],
  'an alert that does not exist': [
    'inhibition/name',
    rules(pair),
    config([bySeverity, { ...byName('A', 'B'), target: ['alertname=~"B|Gone"'] }]),
  ],
  'an alert that does not exist, in a route': [
    'inhibition/name',
    rules(pair),
    config([bySeverity], { route: { routes: [{ matchers: ['alertname="Gone"'], receiver: 'page' }] } }),
  ],
  'a side that nothing matches': [
    'inhibition/dead',
    rules(pair),
    config([bySeverity, { ...bySeverity, target: ['severity="info"'] }]),
  ],
  'a receiver that does not exist': [
    'alertmanager/route',
    rules(pair),
    config([bySeverity], { route: { receiver: 'gone' } }),
  ],
  'a receiver that does not exist, further down': [
    'alertmanager/route',
    rules(pair),
    config([bySeverity], { route: { routes: [{ routes: [{ receiver: 'gone' }] }] } }),
  ],
  'an interval that does not exist': [
    'alertmanager/route',
    rules(pair),
    config([bySeverity], { route: { routes: [{ mute_time_intervals: ['day'] }] } }),
  ],
  'no route': ['alertmanager/route', rules(pair), 'receivers: []'],
  'a template that does not exist': [
    'alertmanager/template',
    rules(pair),
    config([bySeverity], { more: '# {{ template "gone" . }}\n' }),
  ],
  'matchers without quotes': [
    'alertmanager/matchers',
    rules(pair),
    config([{ ...bySeverity, source: ['severity=critical', 'severity="critical"'] }]),
  ],
  'matchers of old': [
    'alertmanager/matchers',
    rules(pair),
    config([bySeverity], { route: { routes: [{ match: { a: 'b' } }] } }),
  ],
  'not YAML': ['yaml/parse', rules(pair), `${right}x: [`],
};

const good: Readonly<Record<string, readonly [rules: string, config: string]>> = {
  'critical over warning': [rules(pair), right],
  'a label that no alert has': [
    rules({
      A: { ...critical, expr: 'max by (job) (model:bad:increase2m) > 5' },
      B: { ...warning, expr: 'max by (job) (model:bad:increase5m) > 5' },
    }),
    right,
  ],
  'alerts of each name by themselves, where the name is compared': [
    stringify({
      groups: [
        {
          name: 'g',
          rules: ['critical', 'warning'].flatMap((severity) => [
            { alert: 'A', expr: 'max by (job) (up{job!=""}) == 0', for: '1m', labels: { severity } },
            { alert: 'B', expr: 'max by (job, model) (up{job!="",model!=""}) == 0', for: '1m', labels: { severity } },
          ]),
        },
      ],
    }),
    config([{ ...bySeverity, equal: ['alertname', 'job', 'model'] }]),
  ],
  'a label of the user, which any alert may have': [
    rules(pair),
    config([{ ...bySeverity, equal: ['cluster', 'model'] }]),
  ],
  'a source of another code, which is compared': [
    rules({
      A: { ...critical, kff: '1m', expr: 'sum without (pod) (model:bad:increase5m{code="503"}) > 5' },
      B: { ...warning, expr: 'model:bad:increase5m{code=~"504|524"} > 5' },
    }),
    config([{ ...bySeverity, equal: ['model', 'code'] }]),
  ],
  'a longer wait in the route of the target': [
    rules({ ...pair, A: { ...critical, for: '4m' } }),
    config([bySeverity], { route: { routes: [{ matchers: ['severity="warning"'], group_wait: '2m' }] } }),
  ],
  'a source that goes while nothing comes, over a target that ends with the first that does': [
    rules({
      A: { ...critical, kff: '2m', expr: NOW },
      B: { ...warning, expr: 'sum without (pod) (increase(bad_total{model!="",job!=""}[1h])) == 0', kff: '2m' },
    }),
    right,
  ],
  'a pipeline over what is made of missing data': [
    rules({ A: { ...critical, signal: 'pipeline' }, LLMTrafficVanished: warning }),
    right,
  ],
  'a target that looks itself whether the source has fired': [
    rules({
      A: { ...critical, kff: '1m' },
      B: { ...warning, expr: 'model:bad:increase5m > 5 unless on (model) max_over_time(ALERTS{alertname="A"}[45m])' },
    }),
    right,
  ],
  'templates of its own and of Alertmanager': [
    rules(pair),
    config([bySeverity], { more: '# {{ template "known" . }} {{ template "slack.default.title" . }}\n' }),
  ],
};

describe('the lint of inhibition and routes', () => {
  const options = { templates: ['{{ define "known" }}{{ end }}'], missingData };
  for (const [name, [code, ruleText, configText]] of Object.entries(bad)) {
    test(`finds ${name}`, () => assert.deepEqual(codes(ruleText, configText, options), [code]));
  }

  for (const [name, [ruleText, configText]] of Object.entries(good)) {
    test(`passes ${name}`, () => assert.deepEqual(codes(ruleText, configText, options), []));
  }

  test('a template that another template uses must be there, too', () => {
    const templates = ['{{ define "a" }}{{ template "b" . }}{{ end }}'];
    assert.deepEqual(codes(rules(pair), right, { templates }), ['alertmanager/template']);
  });

  test('says which pair, which times, and in which line', () => {
    const files = { rules: rules({ ...pair, A: { ...critical, kff: '9m' } }), config: right };
    const line = right.split('\n').findIndex((text) => text.includes('source_matchers')) + 1;
    assert.deepEqual(lintInhibition(files, { file: 'a.yml' }).map(formatProblem), [
      `a.yml:${line}: A/critical > B/warning: is kept for 9m, but the target lasts 10m after the last error [inhibition/order]`,
    ]);
  });

  test('an exception excuses one pair, and one that excuses nothing is a problem', () => {
    const text = rules({ ...pair, A: { ...critical, kff: '9m' } });
    const exception = { code: 'inhibition/order', rule: 'A/critical > B/warning', reason: 'seldom' };
    assert.deepEqual(codes(text, right, { exceptions: [exception] }), []);
    assert.deepEqual(codes(text, right, { exceptions: [{ ...exception, rule: '* > B/*' }] }), []);
    assert.deepEqual(codes(text, right, { exceptions: [{ ...exception, rule: '* > C/*' }] }), [
      'inhibition/order',
      'pack/exception',
    ]);
    assert.deepEqual(codes(rules(pair), right, { exceptions: [exception] }), ['pack/exception']);
  });
});
