import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { matchSchema } from '../../../src/classify/catalogue-schema.ts';
import { classify } from '../../../src/classify/classify.ts';
import { loadRules } from '../../../src/rules/load-rules.ts';
import { problemsInHead, problemsOf } from '../../support/problems.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { eventOf } from '../classify/rule-cases.ts';

const builtIn = loadCatalogue();

/** Classifies by the built-in rules as a rules file of this text changes them. */
async function withRules(t: TestContext, text: string): Promise<(given: Parameters<typeof eventOf>[0]) => string> {
  const file = join(await tempDir(t), 'rules.yml');
  await writeFile(file, text);
  const { catalogue } = loadRules(file, builtIn);
  return (given) => Object.values(classify(eventOf(given), catalogue)).join(' ');
}

describe('bad rules files', () => {
  const files = globSync('test/fixtures/rules/bad/*.yml').sort();
  test('there are some', () => assert.ok(files.length >= 5));

  for (const file of files) {
    test(`${basename(file)} is refused with exactly the problems its head names`, () => {
      assert.deepEqual(
        problemsOf(() => loadRules(file, builtIn)),
        problemsInHead(file),
      );
    });
  }

  test('one that is not there is refused with its name', () => {
    assert.match(problemsOf(() => loadRules('no/such.yml', builtIn)).join(), /^such.yml: cannot be read: ENOENT/);
  });
});

describe('rules of a user', () => {
  const OVERLOADED = { code: 529, body: '{"error":{"type":"overloaded_error","message":"Overloaded"}}' };

  test('are none without a file', () => assert.equal(loadRules(undefined, builtIn).catalogue, builtIn));

  test('an empty file changes nothing', async (t) => {
    const judge = await withRules(t, '');
    const { cause, basis, rule } = classify(eventOf(OVERLOADED), builtIn);
    assert.equal(judge(OVERLOADED), `${cause} ${basis} ${rule}`);
  });

  test('come before every built-in rule but what the connection showed', async (t) => {
    const judge = await withRules(
      t,
      `rules:
        - { id: mine, match: { status: [502, 529] }, cause: surge_protection }
        - { id: second, match: { status: 529 }, cause: internal_error }`,
    );
    assert.equal(judge(OVERLOADED), 'surge_protection user mine');
    assert.equal(judge({ code: 502, flags: 'UF' }), 'surge_protection user mine');
    const refused = { code: 502, origin: 'network', phase: 'connect', error: { code: 'ECONNREFUSED' } } as const;
    assert.match(judge(refused), /^upstream_unreachable transport /);
    assert.match(judge({ code: 499, error: { message: 'x' } }), /^client_aborted transport /);
  });

  test('hold only for their provider, their code and their words', async (t) => {
    const judge = await withRules(
      t,
      `rules:
        - id: mine
          provider: [acme, other]
          match: { code: e_full e_busy, message: "come back.{0,20}later" }
          cause: rate_limit_concurrency`,
    );
    const body = (code: string, message: string) => JSON.stringify({ error: { code, message } });
    const mine = { code: 400, body: body('E_BUSY', 'Come back a bit later') };
    assert.equal(judge(mine), 'rate_limit_concurrency user mine');
    for (const given of [
      { ...mine, provider: 'third' },
      { ...mine, body: body('e_idle', 'come back later') },
      { ...mine, body: body('e_full', 'go away') },
    ]) {
      assert.doesNotMatch(judge(given), / mine$/);
    }
  });

  test('sharpen what another rule has found', async (t) => {
    const judge = await withRules(
      t,
      'rules: [{ id: mine, refines: model_overloaded, match: { stream: true }, cause: surge_protection }]',
    );
    assert.equal(judge({ ...OVERLOADED, stream: true }), 'surge_protection user mine');
    assert.match(judge({ ...OVERLOADED, stream: false }), /^model_overloaded /);
  });

  test('replace the cause or the match of a built-in rule, which keeps its place', async (t) => {
    const judge = await withRules(
      t,
      `override:
        - { id: status_503, cause: gateway_overload }
        - { id: status_500, match: { status: 418 } }`,
    );
    assert.equal(judge({ code: 503, body: '' }), 'gateway_overload status status_503');
    assert.equal(judge({ code: 418, body: '' }), 'internal_error status status_500');
    assert.equal(judge({ code: 500, body: '' }), 'unclassified status no_rule');
  });

  test('take a built-in rule away', async (t) => {
    const judge = await withRules(t, 'disable: [status_503]');
    assert.doesNotMatch(judge({ code: 503, body: '' }), /status_503/);
  });

  test('leave the catalogue they change as it was', async (t) => {
    const before = JSON.stringify(builtIn.rules);
    await withRules(t, 'disable: [status_503]\noverride: [{ id: status_500, cause: model_engine_error }]');
    assert.equal(JSON.stringify(builtIn.rules), before);
  });
});

test('docs/rules.md tells of every condition, and of no other', () => {
  const [, conditions = ''] =
    /## What a rule may ask for\n(.*?)\n## /s.exec(readFileSync('docs/rules.md', 'utf8')) ?? [];
  const rows = conditions.split('\n').map((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? '');
  const told = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(told.sort(), Object.keys(matchSchema.shape).sort());
});
