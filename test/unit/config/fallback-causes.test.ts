import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Catalogue, loadCatalogue, withRules } from '../../../src/classify/catalogue.ts';
import type { Rule } from '../../../src/classify/rule.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { adviceOn } from '../../../src/config/proxy/advice.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { ProblemError } from '../../../src/problem.ts';
import { tempDir } from '../../support/temp-dir.ts';

const CATALOGUE = loadCatalogue();

async function problems(t: TestContext, causes: string): Promise<string[]> {
  const file = join(await tempDir(t), 'config.yml');
  await writeFile(
    file,
    `proxy:
  upstream: https://x
  retries:
    fallback:
      model: y
      causes: [${causes}]
`,
  );
  try {
    loadConfig({ file });
    return [];
  } catch (error) {
    assert.ok(error instanceof ProblemError);
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
}

test('a fallback names causes that there are; a misspelt one is told with its place and what it may have meant', async (t) => {
  assert.deepEqual(await problems(t, 'service_unavailable, quota_exhausted'), []);
  assert.deepEqual(await problems(t, 'service_unavailable, service_unavailabl'), [
    '6:37 proxy.retries.fallback.causes.1: "service_unavailabl" is no cause of a failure; did you mean service_unavailable?',
  ]);
  const place = '6:16 proxy.retries.fallback.causes.0:';
  assert.deepEqual(await problems(t, 'overloaded'), [
    `${place} "overloaded" is no cause of a failure; did you mean model_overloaded?`,
  ]);
  assert.deepEqual(await problems(t, 'zzz'), [
    `${place} "zzz" is no cause of a failure; the command causes lists them`,
  ]);
  assert.match((await problems(t, 'none'))[0] ?? '', /"none" is no cause of a failure/);
});

/** What is warned of, by the causes of a fallback and what is tried again. */
function warned(causes: readonly string[], statuses?: readonly number[], catalogue: Catalogue = CATALOGUE) {
  const retries = { statuses, fallback: { model: 'y', causes } };
  const config = configSchema.parse({ proxy: { upstream: 'https://x', retries } });
  return adviceOn(config, catalogue);
}

test('causes that hardly come with what is tried again are warned of, with both', () => {
  assert.deepEqual(warned(['service_unavailable', 'model_overloaded', 'quota_exhausted', 'rate_limit_daily']), []);
  assert.deepEqual(
    warned(['upstream_unreachable', 'upstream_bad_response']),
    [],
    'connections that fail are tried again',
  );
  assert.deepEqual(warned(['auth_invalid_key', 'internal_error']), [
    {
      setting: 'proxy.retries.fallback.causes',
      message:
        'auth_invalid_key comes with 401, 403, as far as is known, and retries.statuses is 429, 503, 504, 529: the fallback is hardly ever taken for it; no retry can be made after that',
    },
    {
      setting: 'proxy.retries.fallback.causes',
      message:
        'internal_error comes with 500, as far as is known, and retries.statuses is 429, 503, 504, 529: the fallback is hardly ever taken for it; add 500 to retries.statuses',
    },
  ]);
  assert.deepEqual(warned(['internal_error', 'model_not_found'], [500]), [], 'there are rules for it');
  assert.deepEqual(
    warned(['service_unavailable'], [429]).map(({ message }) => message.replace(/.*; /, '')),
    ['add 503 to retries.statuses'],
  );
});

test("rules of the user's own are taken into account", () => {
  const own = (match: Rule['match']): Catalogue => {
    const rule: Rule = {
      id: 'x',
      basis: 'user',
      provider: undefined,
      refines: undefined,
      match,
      cause: 'permission_denied',
      note: '',
    };
    return withRules(CATALOGUE, [rule, ...CATALOGUE.rules]);
  };
  const count = (match: Rule['match']) => warned(['permission_denied'], [503], own(match)).length;
  assert.equal(warned(['permission_denied'], [503]).length, 1);
  assert.deepEqual([count({ status: [503] }), count({ status: [403] }), count({ message: ['x'] })], [0, 1, 0]);
});
