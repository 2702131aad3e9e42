import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import type { Alertmanager } from '../../src/demo/alertmanager.ts';
import { type AlertRule, labelsOf } from '../../src/mixin/alert.ts';
import { INHIBITIONS } from '../../src/mixin/alertmanager/inhibition.ts';
import { renderTemplate } from '../../src/mixin/alertmanager/template.ts';
import { ruleGroups } from '../../src/mixin/entries.ts';
import { renderAlertmanager } from '../../src/mixin/pack.ts';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { eventually } from '../support/eventually.ts';

const catalogue = loadCatalogue();

function rulesOf(settings: MixinSettings): readonly AlertRule[] {
  const { causes } = catalogue;
  return ruleGroups({ settings, causes }).flatMap(({ entries }) => entries.flatMap((entry) => entry.rules));
}

interface Pair {
  readonly source: AlertRule;
  readonly target: AlertRule;
}

/** Every pair of the table, and every level of an alert with each milder one of its name. */
function pairsOf(rules: readonly AlertRule[]): readonly Pair[] {
  const order = ['info', 'warning', 'critical'];
  const levels = rules.flatMap((source) =>
    rules
      .filter(
        ({ alert, severity }) => alert === source.alert && order.indexOf(severity) < order.indexOf(source.severity),
      )
      .map((target) => ({ source, target })),
  );
  const table = INHIBITIONS.flatMap(({ source: name, severity, targets }) =>
    rules
      .filter((source) => source.alert === name && (severity === undefined || source.severity === severity))
      .flatMap((source) =>
        rules.filter(({ alert }) => targets.some((target) => target === alert)).map((target) => ({ source, target })),
      ),
  );
  return [...levels, ...table];
}

/** Labels of an alert in an environment of its own: what its series keep, and what the rule adds. */
function labels(settings: MixinSettings, rule: AlertRule, job: string, model = 'm') {
  const series: Readonly<Record<string, string>> = {
    ...(rule.component === 'llm-exporter' && rule.alert !== 'LLMExporterVanished' && { instance: 'i' }),
    provider: 'p',
    model,
    code: '503',
    source: 's',
  };
  const own = Object.entries(series).filter(([label]) => label === 'instance' || rule.expr.labels.includes(label));
  return { job, ...Object.fromEntries(own), ...labelsOf(settings, rule), alertname: rule.alert };
}

type Labels = Readonly<Record<string, string>>;

function nameOf(own: Labels): string {
  return JSON.stringify(Object.entries(own).sort());
}

/** Posts alerts to a running Alertmanager, and looks at how many mute each until `check` passes: it takes them in one by one. */
async function heldBack(
  { url, alerts }: Alertmanager,
  posted: readonly Labels[],
  check: (mutedBy: (own: Labels) => number | undefined) => void,
): Promise<void> {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(posted.map((own) => ({ labels: own }))),
  });
  assert.equal(response.status, 200, await response.text());
  await eventually(async () => {
    const seen = new Map((await alerts()).map(({ labels: own, status }) => [nameOf(own), status.inhibitedBy.length]));
    check((own) => seen.get(nameOf(own)));
  });
}

for (const [title, settings] of Object.entries({
  'each pair of the table': defaultSettings,
  'each pair in burn-in': { ...defaultSettings, burnIn: true },
})) {
  test(`${title} holds in a running Alertmanager: about the same thing, and about nothing else`, async (t) => {
    const alertmanager = await startAlertmanager(t, {
      configuration: renderAlertmanager(settings, catalogue),
      template: renderTemplate(settings),
    });
    const pairs = pairsOf(rulesOf(settings));
    assert.ok(pairs.length > 60, String(pairs.length));
    const posted = pairs.flatMap(({ source, target }, index) => [
      labels(settings, source, `pair-${index}`),
      labels(settings, target, `pair-${index}`),
      // The same target in an environment of its own, where nothing mutes it.
      labels(settings, target, `alone-${index}`),
    ]);
    await heldBack(alertmanager, posted, (mutedBy) => {
      for (const [index, { source, target }] of pairs.entries()) {
        const of = `${source.alert}/${source.severity} > ${target.alert}/${target.severity}`;
        const muted = (rule: AlertRule, job: string) => mutedBy(labels(settings, rule, `${job}-${index}`));
        assert.ok(muted(target, 'pair'), of);
        assert.equal(muted(source, 'pair'), 0, of);
        assert.equal(muted(target, 'alone'), 0, of);
      }
    });
  });
}

test('an alert about one model says nothing of another', async (t) => {
  const alertmanager = await startAlertmanager(t, {
    configuration: renderAlertmanager(defaultSettings, catalogue),
    template: renderTemplate(),
  });
  const rules = rulesOf(defaultSettings);
  const find = (name: string) => {
    const rule = rules.find(({ alert }) => alert === name);
    assert.ok(rule, name);
    return rule;
  };
  const posted = [
    labels(defaultSettings, find('LLMApi503SpikeSevere'), 'gateway', 'ill'),
    labels(defaultSettings, find('LLMApi503Spike'), 'gateway', 'well'),
    labels(defaultSettings, find('LLMErrorBudgetBurnFast'), 'gateway', 'well'),
  ];
  // Muted by what is about the other one, if the rule forgot to compare models.
  const muted = labels(defaultSettings, find('LLMApi503Spike'), 'gateway', 'ill');
  await heldBack(alertmanager, [...posted, muted], (mutedBy) => {
    assert.equal(mutedBy(muted), 1);
    assert.deepEqual(posted.map(mutedBy), [0, 0, 0]);
  });
});
