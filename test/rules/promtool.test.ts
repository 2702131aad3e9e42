import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { describe, test } from 'node:test';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { packFolder, run } from './pack.ts';

const RULES = 'alerts/llm.rules.yml';

const { thresholds } = defaultSettings;
const variants: Readonly<Record<string, Partial<MixinSettings>>> = {
  'the defaults': {},
  'ten times the speed and a selector': { timeScale: 10, selector: 'job="gateway",region="eu"' },
  'other thresholds': {
    thresholds: {
      ...thresholds,
      LLMApi503Spike: { warning: { ...thresholds.LLMApi503Spike.warning, share: 0.1, minBad: 10, minTotal: 60 } },
    },
    evaluationIntervalSeconds: 15,
  },
};

describe('the rules, as promtool sees them', () => {
  for (const [name, overrides] of Object.entries(variants)) {
    test(`pass check and every one of their tests with ${name}`, async (t) => {
      const folder = await packFolder(t, overrides);
      const check = await run('promtool', ['check', 'rules', RULES], folder);
      assert.equal(check.code, 0, check.output);
      const files = globSync('alerts/tests/**/*.yml', { cwd: folder });
      const tests = await run('promtool', ['test', 'rules', ...files], folder);
      assert.equal(tests.code, 0, tests.output);
    });
  }
});
