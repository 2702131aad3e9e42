import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../../../src/classify/catalogue.ts';
import { CAUSES } from '../../../../../src/classify/causes.ts';
import { loadSignOf, OVERLOAD_CAUSES } from '../../../../../src/input/proxy/turn/overload.ts';

test('causes of overload are causes of the catalogue that may heal by themselves', () => {
  const { causes } = loadCatalogue();
  const healing: readonly string[] = CAUSES.filter((cause) => causes[cause].retryable === 'yes');
  assert.deepEqual(
    [...OVERLOAD_CAUSES].filter((cause) => !healing.includes(cause)),
    [],
  );
});

test('a cause tells of the load, or tells nothing', () => {
  assert.equal(loadSignOf('none'), 'well');
  assert.equal(loadSignOf('surge_protection'), 'overload');
  for (const cause of ['client_aborted', 'invalid_request', 'quota_exhausted', 'gateway_timeout_long_generation']) {
    assert.equal(loadSignOf(cause), undefined);
  }
});
