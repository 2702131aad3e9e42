import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { defaultSettings } from '../../src/mixin/settings/settings.ts';
import { alertsOf, pack, packFolder, ruleGroupsOf, run } from './pack.ts';

const CONFIG = 'alerts/alertmanager/alertmanager.yml';
const TEMPLATES = 'alerts/alertmanager/templates/*.tmpl';

interface ConfigJson {
  readonly route: {
    readonly receiver: string;
    readonly group_by: readonly string[];
    readonly routes: readonly { readonly group_wait: string }[];
  };
  readonly inhibit_rules: readonly {
    readonly source_matchers: readonly string[];
    readonly target_matchers: readonly string[];
    readonly equal: readonly string[];
  }[];
  readonly receivers: readonly {
    readonly name: string;
    readonly webhook_configs: readonly { readonly url: string; readonly send_resolved: boolean }[];
  }[];
}

const files = await pack();
const alerts = alertsOf(await ruleGroupsOf(files));
// amtool checks the shape of the same text below.
const config = parse(files.get(CONFIG) ?? '') as ConfigJson;

/** Labels that an alert has when it fires: its own, and those its series are known to keep. */
function labelsOf(alert: (typeof alerts)[number]): Readonly<Record<string, string>> {
  const series = alert.labels?.component === 'llm-api' ? { provider: 'p', model: 'm', code: '503' } : { instance: 'i' };
  return { alertname: alert.alert, ...series, ...alert.labels };
}

function matches(matchers: readonly string[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => {
    const [, label = '', operator = '', value = ''] = /^(\w+)(=~|=)"(.*)"$/.exec(matcher) ?? [];
    return operator === '=' ? labels[label] === value : new RegExp(`^(?:${value})$`).test(labels[label] ?? '');
  });
}

describe('the Alertmanager configuration', () => {
  test('passes amtool check-config, at any speed', async (t) => {
    for (const timeScale of [1, 10]) {
      const check = await run('amtool', ['check-config', CONFIG], await packFolder(t, { timeScale }));
      assert.equal(check.code, 0, check.output);
      assert.match(check.output, /1 inhibit rules[\s\S]*3 receivers[\s\S]*1 templates/);
    }
  });

  test('routes each alert to the receiver of its severity', async (t) => {
    const folder = await packFolder(t);
    for (const alert of alerts) {
      const labels = Object.entries(labelsOf(alert)).map(([label, value]) => `${label}=${value}`);
      const receiver = `llm-${alert.labels?.severity}`;
      const args = ['config', 'routes', 'test', `--config.file=${CONFIG}`, `--verify.receivers=${receiver}`, ...labels];
      const { code, output } = await run('amtool', args, folder);
      assert.equal(code, 0, `${alert.alert}: ${output}`);
    }
  });

  test('an alert of nobody still reaches a receiver that exists', async (t) => {
    const args = ['config', 'routes', 'test', `--config.file=${CONFIG}`, 'alertname=Other'];
    const { stdout } = await run('amtool', args, await packFolder(t));
    assert.ok(
      config.receivers.some(({ name }) => name === stdout.trim()),
      stdout,
    );
  });

  test('groups by environment and provider, and by nothing that changes during an incident', () => {
    assert.deepEqual(config.route.group_by, [...defaultSettings.identityLabels, 'provider', 'alertname']);
    for (const label of ['model', 'code', 'severity', 'instance', 'cause'])
      assert.ok(!config.route.group_by.includes(label), label);
  });

  test('takes the labels of the environment from the settings, in every place', async () => {
    const identityLabels = ['team'];
    const { route, inhibit_rules: rules } = parse((await pack({ identityLabels })).get(CONFIG) ?? '') as ConfigJson;
    assert.deepEqual(route.group_by, ['team', 'provider', 'alertname']);
    assert.deepEqual(rules[0]?.equal, ['team', 'provider', 'model', 'code']);
  });

  test('every receiver sends resolved messages, to the address of the settings', () => {
    for (const { webhook_configs: hooks } of config.receivers) {
      assert.deepEqual(hooks, [{ url: 'http://127.0.0.1:5001/', send_resolved: true }]);
    }
  });
});

describe('inhibition', () => {
  const pairs = config.inhibit_rules.flatMap((rule) =>
    alerts.flatMap((source) =>
      alerts
        .filter(
          (target) =>
            matches(rule.source_matchers, labelsOf(source)) && matches(rule.target_matchers, labelsOf(target)),
        )
        .map((target) => ({ rule, source, target })),
    ),
  );

  test('critical alerts mute the warnings', () => {
    const names = pairs.map(({ source, target }) => `${source.alert} > ${target.alert}`);
    assert.ok(names.includes('LLMApi503SpikeSevere > LLMApi503Spike'), names.join());
    assert.ok(names.includes('LLMApi504Spike > LLMApi504Spike'), names.join());
  });

  test('both sides have each label that must be equal: one missing on both would mute everything', () => {
    for (const { rule, source, target } of pairs) {
      for (const label of rule.equal.filter((name) => !defaultSettings.identityLabels.includes(name))) {
        assert.ok(
          label in labelsOf(source) && label in labelsOf(target),
          `${source.alert} > ${target.alert}: ${label}`,
        );
      }
    }
  });

  test('no alert is on both sides, and none of the pipeline mutes one of the API', () => {
    for (const { source, target } of pairs) {
      assert.notEqual(source, target);
      assert.equal(source.labels?.component, target.labels?.component);
    }
  });

  test('a critical alert mutes the warning of its own environment only', () => {
    const equal = config.inhibit_rules.flatMap((rule) => rule.equal);
    // As Alertmanager compares them: an absent label is an empty one.
    const mutes = (source: object, target: object) =>
      equal.every((label) => Reflect.get(source, label) === Reflect.get(target, label));
    const incident = { provider: 'novita', model: 'm', code: '503', job: 'llm-exporter' };
    assert.ok(mutes(incident, incident));
    assert.ok(mutes({ ...incident, env: 'staging' }, { ...incident, env: 'staging' }));
    for (const label of ['cluster', 'namespace', 'env', 'environment', 'region', 'job', 'model', 'code']) {
      const [here, there] = ['production', 'staging'].map((value) => ({ ...incident, [label]: value }));
      assert.ok(here && there && !mutes(here, there), label);
      assert.ok(!mutes(here, { ...incident, [label]: undefined }), label);
    }
  });

  test('what mutes is there first, whatever the step, and leaves last', () => {
    const { thresholds, windowSeconds, evaluationIntervalSeconds, notify } = defaultSettings;
    const spike503 = { ...thresholds.LLMApi503Spike, ...thresholds.LLMApi503SpikeSevere };
    for (const { critical, warning } of [spike503, thresholds.LLMApi504Spike]) {
      // A step above its ratio holds when its window is full; the warning's clock may start with the first error.
      const muterFires = windowSeconds.critical + critical.forSeconds + evaluationIntervalSeconds;
      assert.ok(muterFires < warning.forSeconds + notify.groupWaitSeconds.warning);
      assert.ok(critical.keepFiringSeconds >= warning.keepFiringSeconds + windowSeconds.warning);
    }
  });

  test('the configuration waits as long as the settings say', () => {
    const waits = config.route.routes.map(({ group_wait: wait }) => wait);
    assert.deepEqual(waits, ['1m', '2m', '2m']);
  });
});

describe('the templates', () => {
  const data = {
    status: 'firing',
    externalURL: 'http://alertmanager',
    commonLabels: {
      alertname: 'LLMApi503Spike',
      provider: 'novita',
      model: 'deepseek/deepseek-v3.1',
      code: '503',
      env: 'production',
      job: 'gateway',
    },
    commonAnnotations: { cause: 'model_overloaded', runbook_url: 'https://runbook' },
    alerts: Array.from({ length: 7 }, (_, index) => ({
      status: 'firing',
      labels: { model: `model-${index}`, code: '503', env: 'production', job: 'gateway' },
      annotations: {
        summary: 'Summary.',
        description: 'Description.',
        cause: 'model_overloaded',
        advice: 'Back off.',
        runbook_url: 'https://runbook',
        dashboard_url: 'https://dashboard',
      },
    })),
  };

  test('name model, code, cause, advice and links, and say how many alerts they leave out', async (t) => {
    const folder = await packFolder(t);
    await writeFile(join(folder, 'data.json'), JSON.stringify(data));
    const render = async (name: string) => {
      const text = `{{ template "${name}" . }}`;
      const args = [
        'template',
        'render',
        `--template.glob=${TEMPLATES}`,
        `--template.text=${text}`,
        '--template.data=data.json',
      ];
      const { code, stdout, output } = await run('amtool', args, folder);
      assert.equal(code, 0, output);
      return stdout.trim();
    };
    assert.equal(
      await render('llm.title'),
      '[FIRING 7] LLMApi503Spike novita deepseek/deepseek-v3.1 503 env=production: model_overloaded',
    );
    assert.equal(await render('llm.link'), 'https://runbook');
    const text = await render('llm.text');
    for (const part of [
      'Model: model-0',
      'Code: 503\nenv: production\njob: gateway\nCause: model_overloaded\n',
      'Cause: model_overloaded',
      'Do first: Back off.',
      'https://dashboard',
    ]) {
      assert.ok(text.includes(part), `${part} is not in:\n${text}`);
    }
    assert.ok(text.includes('Model: model-4') && !text.includes('Model: model-5'));
    assert.match(text, /7 alerts in all/);
  });

  test('the configuration uses only templates that are defined, in examples too: Alertmanager would lose the page', () => {
    const used = [...(files.get(CONFIG) ?? '').matchAll(/template "([\w.]+)"/g)].map(([, name = '']) => name);
    const template = files.get('alerts/alertmanager/templates/llm.tmpl') ?? '';
    const defined = [...template.matchAll(/define "([\w.]+)"/g)].map(([, name = '']) => name);
    assert.ok(used.length > 0);
    for (const name of used) assert.ok(defined.includes(name), name);
  });
});
