import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AlertSettings, alertsSchema, settingName } from '../../../src/config/alerts.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { defaultSettings } from '../../../src/mixin/settings/settings.ts';
import { problemsOf } from '../../support/problems.ts';

/** The settings that a section of a file gives. */
const alertsOf = (alerts: object): AlertSettings => alertsSchema.parse(alerts);
const faultsOf = (alerts: object) =>
  problemsOf(() => loadConfig({ overrides: [{ flag: 'file', path: ['alerts'], value: alerts }], needsInput: false }));

describe('the section alerts', () => {
  test('is the table of defaults when it says nothing', () => {
    const { timeScale, ...defaults } = defaultSettings;
    assert.equal(timeScale, 1);
    assert.deepEqual(configSchema.parse({}).alerts, defaults);
  });

  test('changes what it names and nothing else', () => {
    const { thresholds, windowSeconds, slo } = alertsOf({
      thresholds: { LLMApi503Spike: { warning: { share: 0.1, for: '3m', keep_firing: '1h' } } },
      window: { warning: '10m' },
      slo: { objective: 0.999 },
    });
    const { LLMApi503Spike, ...others } = thresholds;
    const { LLMApi503Spike: before, ...othersBefore } = defaultSettings.thresholds;
    assert.deepEqual(LLMApi503Spike.warning, {
      ...before.warning,
      share: 0.1,
      forSeconds: 180,
      keepFiringSeconds: 3600,
    });
    assert.deepEqual(others, othersBefore);
    assert.deepEqual(windowSeconds, { ...defaultSettings.windowSeconds, warning: 600 });
    assert.deepEqual(slo, { ...defaultSettings.slo, objective: 0.999 });
  });

  test('writes every key in snake case, durations without their unit', () => {
    assert.equal(settingName('keepFiringSeconds'), 'keep_firing');
    assert.equal(settingName('minBad'), 'min_bad');
    assert.equal(settingName('LLMApi503Spike'), 'LLMApi503Spike');
  });

  for (const [alerts, fault] of [
    [{ selector: '{job="x"}' }, /^alerts\.selector: .+ write it as job="llm-exporter"/],
    [{ grafana_url: 'http://me:hunter2@x' }, /^alerts\.grafana_url: http:\/\/<secret>@x is not/],
    [{ notify: { webhook_urls: { critical: 'nowhere' } } }, /^alerts\.notify\.webhook_urls\.critical: nowhere is not/],
    [
      { disabled_alerts: ['LLMApi503'] },
      /^alerts\.disabled_alerts\.0: "LLMApi503" is none of the alerts: LLMApi503Spike/,
    ],
    [{ optional_alerts: ['LLMApi503Spike'] }, /^alerts\.optional_alerts\.0: .+ LLMCostSpike/],
    [{ drop_labels: ['a-b'] }, /^alerts\.drop_labels\.0: "a-b" is not the name of a label/],
    [{ severity_names: { critical: 'wake up' } }, /^alerts\.severity_names\.critical: "wake up" is not a word/],
    [{ spike_codes: { LLMApi503Spike: [] } }, /^alerts\.spike_codes\.LLMApi503Spike: .+ status codes/],
    [{ spike_codes: { LLMApi503Spike: ['5xx'] } }, /^alerts\.spike_codes\.LLMApi503Spike: \[5xx\] .+ status codes/],
    [{ window: { critical: '1m' } }, /^alerts\.window\.critical: is below four evaluations \(120s\)/],
    [
      { thresholds: { LLMApi503Spike: { warning: { for: '30s' } } } },
      /^alerts\.thresholds\.LLMApi503Spike\.warning\.for: is below two evaluations \(60s\)/,
    ],
    [
      { thresholds: { LLMApi503Spike: { warning: { min_bad: 30 } } } },
      /^alerts\.thresholds\.LLMApi503Spike\.warning\.min_bad: is above min_total/,
    ],
    [{ thresholds: { LLMApi503Spike: { warning: { share: 2 } } } }, /share: 2 .*1/],
    [{ thresholds: { LLMApi503Spike: { critical: {} } } }, /^alerts\.thresholds\.LLMApi503Spike\.critical: no such/],
    [{ burn_in: 'yes' }, /^alerts\.burn_in: "yes"/],
    [{ profile: 'nagios' }, /^alerts\.profile: "nagios"/],
    [{ time_scale: 10 }, /^alerts\.time_scale: no such setting/],
  ] as const) {
    test(`refuses ${JSON.stringify(alerts)}, and says where and why`, () => {
      const messages = faultsOf(alerts).map((problem) => problem.replace(/^file: /, ''));
      assert.equal(messages.length, 1, messages.join('\n'));
      assert.match(messages[0] ?? '', fault);
    });
  }
});
