import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { failureCauses } from '../../../src/mixin/causes.ts';
import { ruleGroups } from '../../../src/mixin/entries.ts';
import { recorded } from '../../../src/mixin/recording/recorded.ts';
import { defaultSettings } from '../../../src/mixin/settings/settings.ts';
import { OPTIONAL_ALERTS } from '../../../src/mixin/settings/thresholds.ts';

const { causes } = loadCatalogue();
const settings = { ...defaultSettings, optionalAlerts: OPTIONAL_ALERTS };
const rules = ruleGroups({ settings, causes }).flatMap(({ recordings }) => recordings);

describe('recording rules', () => {
  test('make exactly the series of the table', () => {
    assert.deepEqual([...new Set(rules.map(({ record }) => record))].sort(), Object.keys(recorded).sort());
  });

  test('keep exactly the labels the table promises', () => {
    for (const { record, expr, labels = {} } of rules) {
      assert.deepEqual([...expr.labels, ...Object.keys(labels)].sort(), [...recorded[record]].sort(), record);
    }
  });

  test('are named level:metric:operations, the level being their labels', () => {
    for (const [name, labels] of Object.entries(recorded)) {
      assert.match(name, /^[a-z_]+:llm_[a-z_]+:[a-z0-9_]+$/);
      assert.equal(name.split(':')[0], labels.join('_'));
    }
  });

  test('do not spend the error budget on faults of the caller', () => {
    const failures = failureCauses(causes);
    for (const cause of ['none', 'invalid_request', 'auth_missing_key', 'client_aborted'] as const)
      assert.ok(!failures.includes(cause));
    for (const cause of ['model_overloaded', 'upstream_timeout', 'internal_error'] as const)
      assert.ok(failures.includes(cause));
  });
});
