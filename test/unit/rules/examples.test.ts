import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { formatProblem } from '../../../src/problem.ts';
import { failingExamples } from '../../../src/rules/examples.ts';
import { loadRules } from '../../../src/rules/load-rules.ts';
import { tempDir } from '../../support/temp-dir.ts';

const context = { clock: systemClock, log: createLog({ write: (line) => assert.fail(line) }), providers: {} };

/** What the examples of a rules file come to, without the file's path. */
async function outcomeOf(t: TestContext, text: string, providers = {}): Promise<string[]> {
  const file = join(await tempDir(t), 'rules.yml');
  await writeFile(file, text);
  const problems = await failingExamples(loadRules(file, loadCatalogue()), { ...context, providers });
  return problems.map((problem) => formatProblem({ ...problem, file: undefined }));
}

describe('examples of a rules file', () => {
  test('hold in the file that the documentation shows', async () => {
    const rules = loadRules('docs/example-rules.yml', loadCatalogue());
    assert.ok(rules.examples.length >= 5);
    assert.deepEqual(await failingExamples(rules, context), []);
  });

  test('name what was expected and what came out, with their place', async (t) => {
    assert.deepEqual(
      await outcomeOf(
        t,
        `rules: [{ id: mine, match: { code: e_full }, cause: surge_protection }]
test:
  - { status: 500, body: { error: { code: e_full } }, expect: surge_protection, rule: mine }
  - { status: 500, body: { error: { code: e_full } }, expect: internal_error }
  - { status: 500, body: { error: { code: e_full } }, expect: surge_protection, rule: status_500 }
  - { status: 200, body: '{}', expect: none, rule: success }`,
      ),
      [
        '4:5: test.1: expected internal_error, but it comes out as surge_protection (rule mine)',
        '5:5: test.2: expected surge_protection (rule status_500), but it comes out as surge_protection (rule mine)',
      ],
    );
  });

  test('are read with their headers, their duration and their stream', async (t) => {
    const text = `rules:
  - { id: patient, match: { min_retry_after_seconds: 30 }, cause: quota_exhausted }
  - { id: slow, match: { min_seconds: 90 }, cause: model_loading }
  - { id: streamed, match: { stream: true }, cause: surge_protection }
test:
  - { status: 429, headers: { Retry-After: 31 }, expect: quota_exhausted }
  - { status: 503, duration: 1m31s, expect: model_loading }
  - { status: 503, stream: true, expect: surge_protection }
  - { status: 503, headers: { retry-after: 29 }, duration: 89s, stream: false, expect: service_unavailable }`;
    assert.deepEqual(await outcomeOf(t, text), []);
  });

  test("go by the provider's timeout, as configured or as known", async (t) => {
    const text = `test:
  - { provider: acme, status: 504, stream: false, duration: 100s, expect: gateway_timeout_long_generation }
  - { provider: novita, status: 504, stream: false, duration: 60s, expect: gateway_timeout_long_generation }`;
    assert.deepEqual(await outcomeOf(t, text, { acme: { gatewayTimeoutSeconds: 100 } }), []);
    assert.equal((await outcomeOf(t, text)).length, 1);
  });
});
