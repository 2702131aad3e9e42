import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { OPTIONAL_ALERTS } from '../../src/mixin/settings/thresholds.ts';
import { packFolder, run } from './pack.ts';
import { prunedRules } from './pruned.ts';

const RULES = 'alerts/llm.rules.yml';
const AT_ONCE = 2;

const { thresholds, slo } = defaultSettings;
const ALL = 'alerts/tests/*.yml';
const variants: Readonly<Record<string, Partial<MixinSettings>>> = {
  'the defaults and every optional alert': {},
  'another objective, a selector and ten times the speed': {
    timeScale: 10,
    selector: 'job="gateway",region="eu"',
    slo: { ...slo, objective: 0.999 },
  },
};

/** Runs the test files of a pack, each with the rules it is about; gives back what promtool says of those that fail. */
async function failing(folder: string, files: readonly string[]): Promise<readonly string[]> {
  const rules = await readFile(join(folder, RULES), 'utf8');
  const failures: string[] = [];
  const queue = files.values();
  const work = async () => {
    for (const file of queue) {
      const tests = await readFile(join(folder, file), 'utf8');
      const [own, pruned] = [`pruned-${basename(file)}`, `rules-${basename(file)}`];
      await writeFile(join(folder, pruned), prunedRules(rules, tests));
      await writeFile(join(folder, own), tests.replace(/^( +- ).*llm\.rules\.yml$/m, `$1${pruned}`));
      const { code, output } = await run('promtool', ['test', 'rules', own], folder);
      if (code !== 0) failures.push(output);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failures;
}

describe('the rules, as promtool sees them', () => {
  for (const [name, overrides] of Object.entries(variants)) {
    test(`pass check and every one of their tests with ${name}`, async (t) => {
      const folder = await packFolder(t, { optionalAlerts: OPTIONAL_ALERTS, ...overrides });
      const check = await run('promtool', ['check', 'rules', RULES], folder);
      assert.equal(check.code, 0, check.output);
      const files = globSync(ALL, { cwd: folder });
      assert.ok(files.length > 35, `only ${files.length} test files`);
      assert.deepEqual(await failing(folder, files), []);
    });
  }

  test('pass those of a spike with other thresholds and evaluations every 15 s', async (t) => {
    const { LLMApi503Spike } = thresholds;
    const folder = await packFolder(t, {
      thresholds: {
        ...thresholds,
        LLMApi503Spike: { warning: { ...LLMApi503Spike.warning, share: 0.1, minBad: 10, minTotal: 60 } },
      },
      evaluationIntervalSeconds: 15,
    });
    const files = globSync('alerts/tests/LLMApi50*Spike*.yml', { cwd: folder });
    assert.equal(files.length, 3);
    assert.deepEqual(await failing(folder, files), []);
  });

  test('say of each story what they must, all of them at once', async (t) => {
    const folder = await packFolder(t);
    const files = globSync('alerts/tests/scenarios/*.yml', { cwd: folder });
    assert.ok(files.length >= 15, `only ${files.length} stories`);
    assert.deepEqual(await failing(folder, files), []);
  });
});
