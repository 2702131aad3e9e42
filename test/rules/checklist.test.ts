import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SEVERITIES } from '../../src/mixin/settings/thresholds.ts';
import { alertsOf, pack, ruleGroupsOf } from './pack.ts';

const files = await pack();
const groups = await ruleGroupsOf(files);
const alerts = alertsOf(groups);
const each = (check: (alert: (typeof alerts)[number]) => void) => () => {
  assert.ok(alerts.length >= 5);
  for (const alert of alerts) check(alert);
};

describe('each alert', () => {
  test(
    'is named LLM and what is wrong',
    each(({ alert }) => assert.match(alert, /^LLM[A-Z]\w+$/)),
  );

  test(
    'has a severity, a component and a signal of the closed sets',
    each(({ alert, labels = {} }) => {
      const windows = alert.startsWith('LLMErrorBudgetBurn') ? ['long', 'short'] : [];
      assert.deepEqual(Object.keys(labels).sort(), ['component', 'severity', 'signal', ...windows].sort());
      assert.ok((SEVERITIES as readonly string[]).includes(labels.severity ?? ''));
      assert.match(labels.component ?? '', /^llm-(api|exporter)$/);
      assert.match(labels.signal ?? '', /^(availability|latency|quota|auth|client|pipeline)$/);
    }),
  );

  test(
    'has labels without templates: a value in a label makes a new alert of each evaluation',
    each(({ labels = {} }) => {
      for (const value of Object.values(labels)) assert.doesNotMatch(value, /\{\{/);
    }),
  );

  test(
    'has a static one-sentence summary, a description, advice and two links',
    each(({ alert, annotations = {} }) => {
      assert.match(annotations.summary ?? '', /^[^{}]+\.$/);
      assert.match(annotations.description ?? '', /\{\{ \$labels\./);
      assert.ok((annotations.advice ?? '').length > 20);
      assert.ok(annotations.runbook_url?.endsWith(`/${alert}.md`));
      assert.match(annotations.dashboard_url ?? '', /\/d\/llm-\w+\?.*\{\{ urlquery \$labels\.\w+ \}\}/);
    }),
  );

  test(
    'about the API names provider, and model, code and cause where it is about one',
    each(({ labels, annotations = {} }) => {
      if (labels?.component !== 'llm-api') return;
      for (const label of ['provider', 'model', 'code']) {
        if (label !== 'provider' && !annotations.dashboard_url?.includes(`var-${label}=`)) continue;
        assert.ok(annotations.description?.includes(`{{ $labels.${label} }}`), label);
      }
      if (annotations.cause !== undefined) assert.match(annotations.cause, /label "cause"|^[a-z_]+$/);
    }),
  );

  test(
    'compares with something',
    each(({ expr }) => assert.match(expr, /[<>=]=?/)),
  );

  test(
    'waits at least two evaluations',
    each((alert) => {
      const group = groups.find(({ rules }) => rules.includes(alert));
      assert.ok(seconds(alert.for) >= 2 * seconds(group?.interval), `${alert.alert}: ${alert.for}`);
    }),
  );

  test(
    'uses nothing fragile: no absent(), topk, le equality or vector(0)',
    each(({ expr }) => {
      assert.doesNotMatch(expr, /absent|topk|\ble=|vector\(0\)|fill\(/);
    }),
  );
});

test('groups stay below the limit of Mimir, and record before they alert', () => {
  for (const { name, rules } of groups) {
    assert.ok(rules.length <= 20, `${name} has ${rules.length} rules`);
    const kinds = rules.map(({ alert }) => alert !== undefined);
    assert.deepEqual(kinds, [...kinds].sort(), `${name} alerts before it has recorded`);
  }
});

test('no two rules of one group make the same series', () => {
  const keys = groups
    .flatMap(({ rules }) => rules)
    .map(({ record, alert, labels }) => JSON.stringify([record, alert, labels]));
  assert.equal(new Set(keys).size, keys.length);
});

test('every file whose format allows comments says that it is generated', () => {
  for (const [path, text] of files) {
    if (!path.endsWith('.json')) assert.match(text.split('\n')[0] ?? '', /Generated from src\/mixin/, path);
  }
});

test('the same settings give the same bytes', async () => {
  assert.deepEqual([...(await pack())], [...files]);
});

function seconds(duration = '0s'): number {
  const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
  return [...duration.matchAll(/(\d+)(ms|[smhd])/g)].reduce(
    (sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}
