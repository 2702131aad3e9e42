import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALERT_NAMES } from '../../src/mixin/alerts.ts';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings.ts';
import { packFolder, run } from './pack.ts';

const RULES = 'alerts/llm.rules.yml';
const TESTS = ALERT_NAMES.map((alert) => `alerts/tests/${alert}.yml`);

const { spike503 } = defaultSettings;
const variants: Readonly<Record<string, Partial<MixinSettings>>> = {
  'the defaults': {},
  'ten times the speed and a selector': { timeScale: 10, selector: 'job="gateway",region="eu"' },
  'other thresholds': {
    spike503: { ...spike503, warning: { ...spike503.warning, ratio: 0.1, minBad: 10, minTotal: 60 } },
    evaluationIntervalSeconds: 15,
  },
};

describe('the rules, as promtool sees them', () => {
  for (const [name, overrides] of Object.entries(variants)) {
    test(`pass check and every one of their tests with ${name}`, async (t) => {
      const folder = await packFolder(t, overrides);
      const check = await run('promtool', ['check', 'rules', RULES], folder);
      assert.equal(check.code, 0, check.output);
      const tests = await run('promtool', ['test', 'rules', ...TESTS], folder);
      assert.equal(tests.code, 0, tests.output);
    });
  }
});
