import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { providerSettings } from '../../../src/config/providers.ts';
import { ProblemError } from '../../../src/problem.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function configFile(t: TestContext, throttle: string): Promise<{ readonly dir: string; readonly file: string }> {
  const dir = await tempDir(t);
  const file = join(dir, 'config.yml');
  writeFileSync(file, `proxy:\n  upstream: https://api.novita.ai\n  throttle:\n${throttle.replace(/^/gm, '    ')}\n`);
  return { dir, file };
}

async function problemsOf(t: TestContext, throttle: string): Promise<readonly string[]> {
  const { dir, file } = await configFile(t, throttle);
  try {
    loadConfig({ file });
  } catch (error) {
    if (error instanceof ProblemError) {
      return error.problems.map(({ message, line }) => `${line}: ${message.replaceAll(`${dir}/`, '')}`);
    }
    throw error;
  }
  return [];
}

describe('the throttle of a configuration', () => {
  test('has a priority label for each that is configured, and for the rest', async (t) => {
    const { dir, file } = await configFile(
      t,
      'priorities: [{ name: core, key_file: keys/core }, { name: batch, path: /v1/batch }]',
    );
    mkdirSync(join(dir, 'keys'));
    writeFileSync(join(dir, 'keys/core'), 'sk-1\n');
    const config = loadConfig({ file });
    assert.equal(
      config.proxy?.throttle?.priorities[0]?.key_file,
      join(dir, 'keys/core'),
      'found beside the configuration',
    );
    assert.deepEqual(providerSettings(config).novita?.priorities, ['core', 'batch', 'default']);
  });

  const cases: readonly (readonly [yaml: string, problem: RegExp])[] = [
    ['min_in_flight: 20\nmax_in_flight: 10', /^4: proxy\.throttle\.min_in_flight: 20 is above max_in_flight$/],
    [
      'priorities: [{ name: core }]',
      /^4: proxy\.throttle\.priorities\.0: \{"name":"core"\} needs a header, path or key_file/,
    ],
    [
      'priorities: [{ name: default, path: /x }]',
      /^4: proxy\.throttle\.priorities\.0\.name: "default" is the name of the lowest/,
    ],
    [
      'priorities: [{ name: a, path: /x }, { name: a, path: /y }]',
      /^4: proxy\.throttle\.priorities\.1\.name: "a" names a priority that is there already$/,
    ],
    ['priorities: [{ name: a, header: core }]', /priorities\.0\.header: "core" must be a header such as/],
    ['priorities: [{ name: a, path: v1 }]', /priorities\.0\.path: "v1" must be a path/],
    [
      'priorities: [{ name: a, key_file: missing }]',
      /^4: proxy\.throttle\.priorities\.0\.key_file: "missing" cannot be read: ENOENT/,
    ],
  ];
  for (const [yaml, problem] of cases) {
    test(`is refused: ${yaml.replaceAll('\n', ', ')}`, async (t) => {
      const [first, ...others] = await problemsOf(t, yaml);
      assert.match(first ?? '', problem);
      assert.deepEqual(others, []);
    });
  }

  test('never tells what is in a key file of no use', async (t) => {
    const { dir, file } = await configFile(t, 'priorities: [{ name: core, key_file: keys }]');
    for (const [text, fault] of [
      ['', /holds no key/],
      ['sk-good\nsk secret\n', /line 2 holds more than one word/],
    ] as const) {
      writeFileSync(join(dir, 'keys'), text);
      assert.throws(
        () => loadConfig({ file }),
        (error) =>
          error instanceof ProblemError && fault.test(error.message) && !/sk/.test(JSON.stringify(error.problems)),
      );
    }
  });
});
