import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadCatalogue } from '../src/classify/catalogue.ts';
import { ruleGroups } from '../src/mixin/entries.ts';
import { defaultSettings } from '../src/mixin/settings/settings.ts';
import { OPTIONAL_ALERTS } from '../src/mixin/settings/thresholds.ts';

const readme = readFileSync('README.md', 'utf8');

test('the README says what it is by line 3 and how to run it by line 15, and stays short', () => {
  const lines = readme.split('\n');
  assert.match(lines.slice(0, 3).join('\n'), /why their LLM API calls fail/);
  assert.match(lines.slice(0, 15).join('\n'), /npm ci && npm run demo[\s\S]*npm ci && npm test/);
  assert.ok(lines.length < 200, `${lines.length} lines`);
});

test('CI runs the test line of the README', () => {
  assert.match(readFileSync('.ci/run', 'utf8'), /npm ci && npm test/);
});

test('every link to a file in the README leads to one', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target = '']) => target);
  assert.ok(links.length >= 8);
  assert.deepEqual(
    links.filter((target) => !existsSync(target)),
    [],
  );
});

test('the README leads to the page that lists every alert with its severities, and no other', () => {
  assert.match(readme, /\(docs\/alerts\.md\)/);
  const settings = { ...defaultSettings, optionalAlerts: OPTIONAL_ALERTS };
  const expected = ruleGroups({ settings, causes: loadCatalogue().causes })
    .flatMap(({ entries }) => entries.flatMap(({ rules }) => rules))
    .map(({ alert, severity }) => `${alert}: ${severity}`);
  const page = readFileSync('docs/alerts.md', 'utf8');
  const listed = [...page.matchAll(/^\| \[`(\w+)`\]\(.*?\) \| (\w+) \|/gm)].map(
    ([, name, level]) => `${name}: ${level}`,
  );
  assert.deepEqual(listed.sort(), expected.sort());
});

test('every command the README names exists', () => {
  const program = readFileSync('src/cli/program.ts', 'utf8');
  for (const [, command = ''] of readme.matchAll(/llm-exporter ([a-z-]+)/g)) {
    if (command === 'serve' || command.includes('-')) assert.match(program, new RegExp(`\\['${command}',`), command);
  }
});
