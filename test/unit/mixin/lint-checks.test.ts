import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { lintRules, NOT_OFFLINE, OTHER_CHECKS, RULE_CHECKS } from '../../support/rules/lint.ts';
import type { LintOptions } from '../../support/rules/lint-options.ts';
import type { SeriesFacts } from '../../support/rules/rule-set.ts';

const series: ReadonlyMap<string, SeriesFacts> = new Map([
  ['req_total', { type: 'counter', labels: ['model', 'code'] }],
  ['depth', { type: 'gauge', labels: ['model'] }],
  ['wait_seconds', { type: 'histogram', labels: ['model'] }],
]);

const alert = {
  alert: 'LLMTooMuch',
  expr: 'model:req:increase5m > 5',
  for: '2m',
  labels: { severity: 'warning', component: 'llm-api', signal: 'availability' },
  annotations: {
    summary: 'Too much.',
    description: '{{ $labels.model }}: {{ $value | humanize }}',
    runbook_url: 'https://r/LLMTooMuch.md',
    dashboard_url: 'https://d/x?y={{ urlquery $labels.model }}',
  },
};
const record = { record: 'model:req:increase5m', expr: 'sum without (instance, code) (increase(req_total[5m]))' };

/** A file with these rules, each below a comment, in one group. */
function ruleFile(rules: readonly object[], group: object = {}): string {
  const text = stringify(
    { groups: [{ name: 'g', interval: '30s', ...group, rules }] },
    { aliasDuplicateObjects: false },
  );
  return text.replace(/^( *)- (?=record|alert)/gm, '$1# What it is for.\n$1- ');
}

function codes(text: string, options: Partial<LintOptions> = {}): readonly string[] {
  return [...new Set(lintRules(text, { series, ...options }).map(({ code }) => code))].sort();
}

/** Only the expression of an alert or of a recording differs from a file without faults. */
const alertOf = (expr: string) => ruleFile([record, { ...alert, expr }]);
const recordOf = (expr: string) => ruleFile([{ ...record, expr }, alert]);
const annotated = (annotations: object) =>
  ruleFile([record, { ...alert, annotations: { ...alert.annotations, ...annotations } }]);
const changed = (changes: object) => ruleFile([record, { ...alert, ...changes }]);

const bad: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'alerts/annotation': {
    'no description': annotated({ description: '' }),
    'a summary without a full stop': annotated({ summary: 'Too much' }),
    'a summary that varies': annotated({ summary: '{{ $labels.model }} is too much.' }),
  },
  'alerts/comparison': {
    'a series': alertOf('model:req:increase5m'),
    'bool, which drops nothing': alertOf('model:req:increase5m > bool 5'),
    'a guard only in the denominator': alertOf('model:req:increase5m / (model:req:increase5m > 5)'),
    'one arm of or': alertOf('model:req:increase5m > 5 or depth'),
    'unless without a threshold': alertOf('model:req:increase5m unless on (model) depth'),
  },
  'alerts/for': {
    'no duration': changed({ for: '2 minutes' }),
    'the default, written': changed({ keep_firing_for: '0s' }),
  },
  'alerts/template': {
    'a value in a label': changed({ labels: { ...alert.labels, severity: '{{ $value }}' } }),
    'a label that is summed away': annotated({ description: '{{ $labels.code }}' }),
    'a label the exporter puts on other series': annotated({ description: '{{ $labels.instance }}' }),
    'seventeen digits': annotated({ description: '{{ $value }}' }),
    'seventeen digits of a query': annotated({
      description: '{{ with query "depth" }}{{ . | first | value }}{{ end }}',
    }),
    'a query that is none': annotated({ description: '{{ with query "sum(up" }}{{ end }}' }),
    'a label its query has not': annotated({
      description: '{{ with printf "sum(up{job=%q})" $labels.job | query }}{{ . | first | label "job" }}{{ end }}',
    }),
    'no end': annotated({ description: '{{ if $labels.model }}x' }),
    'an end too many': annotated({ description: '{{ end }}' }),
    'open braces': annotated({ description: '{{ $labels.model }' }),
  },
  'promql/aggregate': {
    'no labels at all': recordOf('sum(increase(req_total[5m]))'),
    'by without the environment': recordOf('sum by (model) (increase(req_total[5m]))'),
    'without a label of the environment': recordOf('sum without (namespace) (increase(req_total[5m]))'),
  },
  'promql/counter': {
    'the level of a counter': alertOf('req_total > 5'),
    'the level of a histogram’s count': alertOf('wait_seconds_count > 5'),
    'the rate of a gauge': alertOf('rate(depth[5m]) > 5'),
  },
  'promql/fragile': {
    'the highest': alertOf('topk(1, model:req:increase5m) > 5'),
    'a ratio at once': ruleFile([
      record,
      { ...alert, for: undefined, expr: 'max without (code) (depth) / (max without (code) (other) > 0) > 1' },
    ]),
  },
  'promql/impossible': {
    'a label on one side only': alertOf('increase(req_total[5m]) > 5 and model:req:increase5m'),
    'a join on what is gone': alertOf('model:req:increase5m > on (code) sum without (code) (depth)'),
    'grouping by what is gone': alertOf('sum by (code, job) (model:req:increase5m) > 5'),
    'two values at once': alertOf('depth{model="a",model=~"b|c"} > 5'),
    'a label from a side without it': alertOf('depth * on (model) group_left (code) model:req:increase5m > 5'),
  },
  'promql/nan': { 'a sum of ratios': alertOf('sum without (code) (depth / depth) > 5') },
  'promql/range_query': {
    'beyond retention': recordOf('sum without (instance, code) (increase(req_total[8d] offset 8d))'),
    'beyond retention in two steps': alertOf('max_over_time((depth offset 8d)[8d:1h]) > 5'),
  },
  'promql/rate': { 'two scrapes': recordOf('sum without (instance, code) (increase(req_total[1m]))') },
  'promql/regexp': {
    'a pattern that is none': alertOf('depth{model=~"a"} > 5'),
    anchors: alertOf('depth{model=~"^a.*$"} > 5'),
    'not a pattern': alertOf('depth{model=~"("} > 5'),
    everything: alertOf('depth{model=~".*"} > 5'),
  },
  'promql/selector': { 'alerts of others': alertOf('ALERTS{alertstate="firing"} > 0') },
  'promql/syntax': {
    'no end': alertOf('sum(depth'),
    'Prometheus 3 only': alertOf('rate(depth[5m] anchored) > 5'),
  },
  'rule/dependency': {
    'recorded nowhere': alertOf('model:other:increase5m > 5'),
    'recorded below': ruleFile([alert, record]),
    'recorded from itself': recordOf('model:req:increase5m'),
  },
  'rule/duplicate': {
    'twice the same': ruleFile([record, record, alert]),
    'an alert twice': ruleFile([record, alert, alert]),
  },
  'rule/for': { 'one evaluation': changed({ for: '30s' }), none: changed({ for: undefined }) },
  'rule/label': {
    'no such severity': changed({ labels: { ...alert.labels, severity: 'page' } }),
    'no signal': changed({ labels: { severity: 'warning', component: 'llm-api' } }),
    'a label of the user': changed({ labels: { ...alert.labels, job: 'x' } }),
  },
  'rule/link': {
    'no address': annotated({ dashboard_url: 'd/x' }),
    'the page of another': annotated({ runbook_url: 'https://r/LLMOther.md' }),
  },
  'rule/name': {
    'another prefix': changed({
      alert: 'TooMuch',
      annotations: { ...alert.annotations, runbook_url: 'https://r/TooMuch.md' },
    }),
    'not level:metric:operations': ruleFile([
      { ...record, record: 'req_increase5m' },
      { ...alert, expr: 'depth > 1' },
    ]),
    'a total that is none': ruleFile([
      { ...record, record: 'model:req_total:sum' },
      { ...alert, expr: 'depth > 1' },
    ]),
  },
  'pack/comment': { 'no reason': ruleFile([record, alert]).replaceAll(/^ *#.*\n/gm, '') },
  'pack/division-guard': {
    'a ratio': alertOf('depth / max without (code) (depth) > 5'),
    'a remainder': alertOf('depth % depth > 5'),
    'a guard on another series': alertOf('depth / other > 5 and another > 0'),
    'a guard that 0 passes': alertOf('depth / other > 5 and other >= 0'),
  },
  'pack/le-equality': { 'a bound': alertOf('increase(wait_seconds_bucket{le="1"}[5m]) > 5') },
  'pack/vector-zero': { 'or vector(0)': alertOf('(depth or vector(0)) > 5') },
  'yaml/parse': {
    'not YAML': 'groups: [',
    'not a rule file': 'rules: []',
    'a key that is none': changed({ keep_fireing_for: '5m' }),
    'a rule of two kinds': changed({ record: 'a:b:c' }),
  },
  'group/interval': { 'gaps between evaluations': ruleFile([record, { ...alert, for: '20m' }], { interval: '6m' }) },
  'pack/group-size': {
    'more than Mimir takes': ruleFile([
      ...Array.from({ length: 20 }, (_, index) => ({ ...record, record: `model:req:increase${index + 6}m` })),
      record,
    ]),
  },
};

/** Faults that cannot but come together. */
const together: Readonly<Record<string, readonly string[]>> = {
  'alerts/template: a value in a label': ['rule/label'],
  'promql/aggregate: no labels at all': ['alerts/template'],
  'promql/fragile: a ratio at once': ['rule/for'],
  'promql/impossible: grouping by what is gone': ['alerts/template', 'promql/aggregate'],
  'promql/impossible: a join on what is gone': ['alerts/template'],
  'alerts/for: no duration': ['rule/for'],
};

/** What must pass, though it looks like what must not. */
const good: Readonly<Record<string, string>> = {
  'a denominator above 0': alertOf('model:req:increase5m / (model:req:increase5m > 0) > 5'),
  'a denominator that is compared further out': alertOf(
    'model:req:increase5m / model:req:increase5m > 5 and model:req:increase5m >= 20',
  ),
  'a denominator that is recorded above 0': ruleFile([
    { ...record, expr: `${record.expr} > 0` },
    { ...alert, expr: 'sum without (pod) (model:req:increase5m / model:req:increase5m) > 5' },
  ]),
  'a number as denominator': alertOf('model:req:increase5m / 60 > 5'),
  'unless behind a threshold': alertOf('model:req:increase5m > 5 unless on (model) depth'),
  'a bucket without end': alertOf('increase(wait_seconds_bucket{le="+Inf"}[5m]) > 5'),
  'a label from the other side': alertOf(
    'model:req:increase5m * on (model) group_left (region) (depth and depth > 0) > 5',
  ),
  'a label that may be there': annotated({ description: '{{ with $labels.cluster }}{{ . }}{{ end }}' }),
  'a reload that a missed scrape does not hide': alertOf('max_over_time(depth[5m]) == 0'),
  'alerts of this pack': alertOf('ALERTS{component="llm-api"} > 0'),
};

describe('the lint', () => {
  test('finds nothing in rules that are right', () => assert.deepEqual(codes(ruleFile([record, alert])), []));

  for (const [code, examples] of Object.entries(bad)) {
    for (const [name, text] of Object.entries(examples)) {
      test(`${code}: ${name}`, () => {
        const expected = [code, ...(together[`${code}: ${name}`] ?? [])];
        assert.deepEqual(codes(text), expected.sort());
      });
    }
  }

  for (const [name, text] of Object.entries(good)) {
    test(`passes ${name}`, () => assert.deepEqual(codes(text), []));
  }

  test('every check has an example that it refuses', () => {
    const checks = [...Object.keys(RULE_CHECKS), ...OTHER_CHECKS].filter((code) => code !== 'pack/exception');
    assert.deepEqual(Object.keys(bad).sort(), checks.sort());
  });

  test('has each of the 36 checks of pint, or says why not', () => {
    const known = [...Object.keys(RULE_CHECKS), ...OTHER_CHECKS, ...Object.keys(NOT_OFFLINE)];
    assert.equal(known.filter((code) => !code.startsWith('pack/')).length, 36);
    assert.equal(new Set(known).size, known.length);
  });

  test('a recording of another group is in no order, unless it is listed', () => {
    const user = { record: 'model:req:ratio', expr: 'model:req:increase5m * 2' };
    const groups = [
      { name: 'a', interval: '30s', rules: [record] },
      { name: 'b', interval: '30s', rules: [user, alert] },
    ];
    const text = stringify({ groups }).replace(/^( *)- (?=record|alert)/gm, '$1# What it is for.\n$1- ');
    assert.deepEqual(codes(text), ['rule/dependency']);
    assert.deepEqual(codes(text, { acrossGroups: [record.record] }), []);
  });

  test('says where, in which group and rule, what is wrong and what would be right', () => {
    const text = ruleFile([record, { ...alert, expr: 'depth\n  / depth\n  > 5\n' }]);
    const line = text.split('\n').findIndex((content) => content.includes('/ depth')) + 1;
    assert.deepEqual(lintRules(text, { series, file: 'a.yml' }), [
      {
        code: 'pack/division-guard',
        file: 'a.yml',
        line,
        column: (text.split('\n')[line - 1] ?? '').indexOf('/') + 1,
        message:
          'group g, LLMTooMuch: nothing keeps the denominator from being 0: `/ (… > 0)` is right [pack/division-guard]',
      },
    ]);
  });

  test('an exception excuses what it names, and one that excuses nothing is a problem', () => {
    const text = alertOf('depth / depth > 5');
    const exception = { code: 'pack/division-guard', rule: 'LLMTooMuch', reason: 'never idle' };
    assert.deepEqual(codes(text, { exceptions: [exception] }), []);
    assert.deepEqual(codes(text, { exceptions: [exception, { ...exception, rule: 'LLMOther' }] }), ['pack/exception']);
  });

  test('a runbook that is not there is missed', () => {
    assert.deepEqual(codes(ruleFile([record, alert]), { runbooks: new Set(['LLMTooMuch']) }), []);
    assert.deepEqual(codes(ruleFile([record, alert]), { runbooks: new Set() }), ['rule/link']);
  });
});
