import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { AlertmanagerConfig } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1/AlertmanagerConfig';
import { parse } from 'yaml';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { alertsSchema } from '../../src/config/alerts.ts';
import { alertsReference } from '../../src/mixin/reference.ts';
import { defaultSettings, PROFILES } from '../../src/mixin/settings/settings.ts';
import { ALERT_NAMES, OPTIONAL_ALERTS } from '../../src/mixin/settings/thresholds.ts';
import { type GroupJson, pack, packFolder, ruleGroupsOf, run } from './pack.ts';

type MatcherJson = Readonly<Record<string, string>>;

/** Of the operator's object. */
interface InhibitJson {
  readonly sourceMatch: readonly MatcherJson[];
  readonly targetMatch: readonly MatcherJson[];
  readonly equal: readonly string[];
}

/** Of both. */
interface RouteJson {
  readonly receiver: string;
  readonly matchers: readonly MatcherJson[];
  readonly groupWait?: string;
  readonly group_wait?: string;
}

const files = await pack();
const main = await ruleGroupsOf(files);

/** Another reader's file below `alerts/profiles/`; `at` leads to its groups. */
function groupsIn(
  file: string,
  at: (content: { spec: object }) => object = (content) => content,
): readonly GroupJson[] {
  // Its consumer, where there is one here, checks the shape below.
  return (at(parse(files.get(`alerts/profiles/${file}`) ?? '')) as { groups: GroupJson[] }).groups;
}

/** The rules without what a profile may put otherwise. */
function essence(groups: readonly GroupJson[]): object {
  return groups.map(({ rules, ...group }) => ({
    ...group,
    rules: rules.map(({ keep_firing_for: _, annotations: __, ...rule }) => rule),
  }));
}

describe('the profiles', () => {
  test('have the same rules as the main file, in the same groups', () => {
    for (const file of ['prometheus-old.rules.yml', 'vmalert.rules.yml', 'mimir.rules.yml', 'grafana.rules.yml'])
      assert.deepEqual(essence(groupsIn(file)), essence(main), file);
    assert.deepEqual(essence(groupsIn('prometheus-rule.yml', ({ spec }) => spec)), essence(main));
  });

  test('without keep_firing_for have none, and say what that costs', () => {
    for (const file of ['prometheus-old.rules.yml', 'vmalert.rules.yml']) {
      const text = files.get(`alerts/profiles/${file}`) ?? '';
      assert.doesNotMatch(text, /keep_firing_for:/);
      assert.match(text, /^# .*keep_firing_for/m);
    }
    assert.match(files.get('alerts/llm.rules.yml') ?? '', /keep_firing_for:/);
  });

  test('for Prometheus and for Grafana pass promtool', async (t) => {
    const folder = await packFolder(t);
    for (const file of ['prometheus-old.rules.yml', 'grafana.rules.yml']) {
      const { code, output } = await run('promtool', ['check', 'rules', `alerts/profiles/${file}`], folder);
      assert.equal(code, 0, output);
    }
  });

  test('for vmalert passes its dry run, templates and expressions included; the main file does not', async (t) => {
    const folder = await packFolder(t);
    const dryRun = (file: string) => run('vmalert', ['-dryRun', `-rule=${file}`], folder);
    const own = await dryRun('alerts/profiles/vmalert.rules.yml');
    assert.equal(own.code, 0, own.output);
    const other = await dryRun('alerts/llm.rules.yml');
    assert.notEqual(other.code, 0);
    assert.match(other.output, /keep_firing_for/);
  });

  test('for Mimir is one namespace with no group above its default limit of 20 rules', () => {
    const { namespace } = parse(files.get('alerts/profiles/mimir.rules.yml') ?? '');
    assert.equal(namespace, 'llm-exporter');
    for (const { name, rules } of groupsIn('mimir.rules.yml')) assert.ok(rules.length <= 20, name);
  });

  test('for the Prometheus Operator is what the schema of its CRD takes', () => {
    const rule = parse(files.get('alerts/profiles/prometheus-rule.yml') ?? '');
    new PrometheusRule(rule).validate();
    assert.throws(() => new PrometheusRule({ ...rule, spec: { groups: [{ rules: [] }] } }).validate(), /name/);
  });

  test("for the Prometheus Operator has Alertmanager's table as its CRD takes it: each rule, route and receiver", () => {
    const config = parse(files.get('alerts/profiles/alertmanager-config.yml') ?? '');
    new AlertmanagerConfig(config).validate();
    const wrong = { ...config, spec: { ...config.spec, inhibitRules: [{ sourceMatch: [{ value: 'x' }] }] } };
    assert.throws(() => new AlertmanagerConfig(wrong).validate(), /name/);
    const plain = parse(files.get('alerts/alertmanager/alertmanager.yml') ?? '');
    const text = ({ name, matchType, value }: Readonly<Record<string, string>>) => `${name}${matchType}"${value}"`;
    assert.deepEqual(
      config.spec.inhibitRules.map(({ sourceMatch, targetMatch, equal }: InhibitJson) => ({
        source_matchers: sourceMatch.map(text),
        target_matchers: targetMatch.map(text),
        equal,
      })),
      plain.inhibit_rules,
    );
    assert.deepEqual(
      config.spec.route.routes.map(({ receiver, matchers, groupWait }: RouteJson) => [
        receiver,
        matchers.map(text),
        groupWait,
      ]),
      plain.route.routes.map((route: RouteJson) => [route.receiver, route.matchers, route.group_wait]),
    );
    assert.deepEqual(
      config.spec.receivers.map(({ name }: { name: string }) => name),
      plain.receivers.map(({ name }: { name: string }) => name),
    );
  });

  test('for Grafana asks its templates for nothing they do not have', () => {
    const text = files.get('alerts/profiles/grafana.rules.yml') ?? '';
    assert.doesNotMatch(text, /\| query|\| first|humanize/);
  });

  test('are chosen by the settings, and then the main file is theirs', async () => {
    for (const profile of PROFILES) {
      const chosen = await pack({ profile });
      const text = chosen.get('alerts/llm.rules.yml') ?? '';
      const others = [...chosen.keys()].filter((path) => path.startsWith('alerts/profiles/') && path.includes('rule'));
      assert.equal(others.length, PROFILES.length - 1, profile);
      assert.ok(!others.some((path) => chosen.get(path) === text), profile);
    }
  });
});

describe('burn-in', () => {
  test('makes every alert an info that says what it would have been', async () => {
    const [before, after] = [main, await ruleGroupsOf(await pack({ burnIn: true }))].map((groups) =>
      groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined)),
    );
    assert.equal(after?.length, before?.length);
    for (const [index, { labels }] of after?.entries() ?? []) {
      assert.equal(labels?.severity, 'info');
      assert.equal(labels?.would_be_severity, before?.[index]?.labels?.severity);
    }
  });

  test('passes the same tests', async (t) => {
    const folder = await packFolder(t, { burnIn: true });
    const { code, output } = await run('promtool', ['test', 'rules', 'alerts/tests/LLMApi503SpikeSevere.yml'], folder);
    assert.equal(code, 0, output);
  });
});

describe('the choice of alerts', () => {
  const namesIn = async (overrides: Parameters<typeof pack>[0]) =>
    new Set(
      (await ruleGroupsOf(await pack(overrides))).flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])),
    );

  test('leaves out what is disabled, its runbook and its tests', async () => {
    const without = await pack({ disabledAlerts: ['LLMApi504Spike'] });
    assert.deepEqual(
      [...without.keys()].filter((path) => path.includes('LLMApi504Spike')),
      [],
    );
    assert.doesNotMatch(without.get('alerts/llm.rules.yml') ?? '', /alert: LLMApi504Spike/);
  });

  test('has the optional ones only for those who ask', async () => {
    const usual = await namesIn({});
    const all = await namesIn({ optionalAlerts: OPTIONAL_ALERTS });
    assert.deepEqual([...all].sort(), [...ALERT_NAMES].sort());
    assert.deepEqual([...all].filter((name) => !usual.has(name)).sort(), [...OPTIONAL_ALERTS].sort());
  });

  test('calls the severities what your Alertmanager calls them', async () => {
    const severityNames = { critical: 'page', warning: 'ticket', info: 'none' };
    const rules = (await ruleGroupsOf(await pack({ severityNames }))).flatMap(({ rules: list }) => list);
    const severities = new Set(rules.flatMap(({ labels }) => labels?.severity ?? []));
    for (const severity of severities) assert.ok(Object.values(severityNames).includes(severity), severity);
  });
});

test('the settings that the docs list are the defaults, as the configuration reads them', () => {
  const { timeScale: _, ...defaults } = defaultSettings;
  const { causes } = loadCatalogue();
  const [, yaml = ''] = /```yaml\n(.+?)```/s.exec(alertsReference({ settings: defaultSettings, causes })) ?? [];
  assert.deepEqual(alertsSchema.parse(parse(yaml).alerts), defaults);
});
