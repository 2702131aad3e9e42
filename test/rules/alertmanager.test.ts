import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { families } from '../../src/metrics/families.ts';
import { type AlertRule, labelsOf } from '../../src/mixin/alert.ts';
import { renderTemplate } from '../../src/mixin/alertmanager/template.ts';
import { ruleGroups } from '../../src/mixin/entries.ts';
import { renderAlertmanager, renderRules } from '../../src/mixin/pack.ts';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { OPTIONAL_ALERTS } from '../../src/mixin/settings/thresholds.ts';
import { formatProblem } from '../../src/problem.ts';
import { lintInhibition } from '../support/rules/inhibition.ts';
import { tempDir } from '../support/temp-dir.ts';
import { pack, run } from './pack.ts';

const CONFIG = 'alertmanager.yml';
const TEMPLATES = 'templates/*.tmpl';

interface RouteJson {
  readonly receiver: string;
  readonly matchers: readonly string[];
  readonly group_wait: string;
}

interface ConfigJson {
  readonly route: {
    readonly receiver: string;
    readonly group_by: readonly string[];
    readonly routes: readonly RouteJson[];
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

/** With every alert there is. */
const everything: MixinSettings = { ...defaultSettings, optionalAlerts: OPTIONAL_ALERTS };
const text = renderAlertmanager(everything);
const config = read(text);

function read(yaml: string): ConfigJson {
  return parse(yaml) as ConfigJson; // amtool checks the shape of the same text below.
}

function rulesOf(settings: MixinSettings): readonly AlertRule[] {
  const groups = ruleGroups({ settings, causes: loadCatalogue().causes });
  return groups.flatMap(({ entries }) => entries.flatMap(({ rules }) => rules));
}

/** The configuration and its template as a user has them; gives back the folder. */
async function configFolder(t: TestContext, settings: MixinSettings): Promise<string> {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'templates'));
  await writeFile(join(folder, CONFIG), renderAlertmanager(settings));
  await writeFile(join(folder, 'templates', 'llm.tmpl'), renderTemplate(settings));
  return folder;
}

/** The receiver of an alert, asked of amtool, which fails when it is another one. */
async function isRoutedTo(folder: string, receiver: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const args = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  const test = ['config', 'routes', 'test', `--config.file=${CONFIG}`, `--verify.receivers=${receiver}`];
  const { code, output } = await run('amtool', [...test, ...args], folder);
  assert.equal(code, 0, `${JSON.stringify(labels)}: ${output}`);
}

describe('the Alertmanager configuration', () => {
  test('passes amtool check-config, at any speed, with and without a watchdog', async (t) => {
    for (const settings of [defaultSettings, everything, { ...everything, timeScale: 10 }]) {
      const check = await run('amtool', ['check-config', CONFIG], await configFolder(t, settings));
      assert.equal(check.code, 0, check.output);
      assert.match(check.output, /inhibit rules[\s\S]*receivers[\s\S]*1 templates/);
    }
  });

  test('routes each alert at each severity to its receiver', async (t) => {
    const folder = await configFolder(t, everything);
    for (const rule of rulesOf(everything)) {
      const receiver = rule.severity === 'none' ? 'llm-watchdog' : `llm-${rule.severity}`;
      await isRoutedTo(folder, receiver, { alertname: rule.alert, ...labelsOf(everything, rule) });
    }
  });

  test('in burn-in everything goes to the receiver of infos, but for the watchdog', async (t) => {
    const settings = { ...everything, burnIn: true };
    const folder = await configFolder(t, settings);
    for (const name of ['LLMApi503SpikeSevere', 'LLMExporterVanished', 'LLMParseErrors', 'LLMWatchdog']) {
      const rule = rulesOf(settings).find(({ alert }) => alert === name);
      assert.ok(rule, name);
      const receiver = name === 'LLMWatchdog' ? 'llm-watchdog' : 'llm-info';
      await isRoutedTo(folder, receiver, { alertname: rule.alert, ...labelsOf(settings, rule) });
    }
  });

  test('knows the severities by the names that they have elsewhere', async (t) => {
    const settings = { ...everything, severityNames: { critical: 'page', warning: 'ticket', info: 'note' } };
    const folder = await configFolder(t, settings);
    await isRoutedTo(folder, 'llm-critical', { component: 'llm-api', severity: 'page' });
    await isRoutedTo(folder, 'llm-info', { component: 'llm-exporter', severity: 'note' });
    const matchers = read(renderAlertmanager(settings)).inhibit_rules.flatMap((rule) => [
      ...rule.source_matchers,
      ...rule.target_matchers,
    ]);
    for (const name of ['critical', 'warning', 'info']) assert.ok(!matchers.some((one) => one.includes(`"${name}`)));
  });

  test('an alert of nobody still reaches a receiver that exists', async (t) => {
    const args = ['config', 'routes', 'test', `--config.file=${CONFIG}`, 'alertname=Other'];
    const { stdout } = await run('amtool', args, await configFolder(t, defaultSettings));
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

  test('takes the labels of the environment from the settings, in every place', () => {
    const { route, inhibit_rules: rules } = read(renderAlertmanager({ ...everything, identityLabels: ['team'] }));
    assert.deepEqual(route.group_by, ['team', 'provider', 'alertname']);
    for (const { equal } of rules) {
      assert.equal(equal[0], 'team');
      for (const label of defaultSettings.identityLabels) assert.ok(!equal.includes(label), label);
    }
  });

  test('every receiver sends resolved messages, to the address of the settings; the watchdog is never resolved', () => {
    for (const { name, webhook_configs: hooks } of config.receivers) {
      assert.deepEqual(hooks, [{ url: 'http://127.0.0.1:5001/', send_resolved: name !== 'llm-watchdog' }]);
    }
  });

  test('the configuration waits as long as the settings say', () => {
    const waits = config.route.routes.map(({ receiver, group_wait: wait }) => [receiver, wait]);
    assert.deepEqual(waits, [
      ['llm-watchdog', '0s'],
      ['llm-critical', '1m'],
      ['llm-warning', '2m'],
      ['llm-info', '2m'],
    ]);
  });
});

describe('inhibition', () => {
  test('fits the rules, also with every optional alert: labels, times, names', () => {
    const problems = lintInhibition(
      { rules: renderRules(everything), config: text },
      { series: new Map(Object.entries(families)), missingData: ['LLMTrafficVanished'], templates: [renderTemplate()] },
    );
    // What outlasts its source on purpose is listed in test/unit/mixin/inhibition.test.ts.
    const others = problems.filter(
      ({ message }) => !/> LLM(ErrorBudgetBurnSlow|LowVolumeSustainedErrors)/.test(message),
    );
    assert.deepEqual(others.map(formatProblem), []);
  });

  test('in burn-in alerts mute one another by what they would have been', () => {
    const { inhibit_rules: rules } = read(renderAlertmanager({ ...everything, burnIn: true }));
    const matchers = rules.flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers]);
    assert.ok(matchers.includes('would_be_severity="critical"'));
    assert.ok(!matchers.some((matcher) => matcher.startsWith('severity')));
  });

  test('a critical spike is there before the warning that it mutes, whatever the step', () => {
    const { thresholds, windowSeconds, evaluationIntervalSeconds, notify } = defaultSettings;
    const spike503 = { ...thresholds.LLMApi503Spike, ...thresholds.LLMApi503SpikeSevere };
    const limits = [thresholds.LLMApi429TokensPerMinute, thresholds.LLMApi429RequestsPerMinute];
    for (const { critical, warning, window } of [
      { ...spike503, window: windowSeconds.critical },
      { ...thresholds.LLMApi504Spike, window: windowSeconds.critical },
      ...limits.map((levels) => ({ ...levels, window: windowSeconds.warning })),
    ]) {
      // A step above its ratio holds when its window is full; the warning's clock may start with the first error.
      const muterFires = window + critical.forSeconds + evaluationIntervalSeconds;
      assert.ok(muterFires < warning.forSeconds + notify.groupWaitSeconds.warning);
    }
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
    const folder = await configFolder(t, defaultSettings);
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

  test('the receivers use only templates that are defined: Alertmanager would lose the page', async () => {
    const texts = [...(await pack())]
      .filter(([path]) => path.startsWith('alerts/alertmanager/'))
      .map(([, text]) => text);
    const used = [...texts.join('\n').matchAll(/template "([\w.]+)"/g)].map(([, name = '']) => name);
    const defined = [...renderTemplate().matchAll(/define "([\w.]+)"/g)].map(([, name = '']) => name);
    assert.ok(used.length > 0);
    for (const name of used) assert.ok(defined.includes(name), name);
  });
});
