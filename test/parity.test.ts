import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadCatalogue } from '../src/classify/catalogue.ts';
import { BASES, CAUSES } from '../src/classify/causes.ts';
import { answers } from '../src/simulate/answers.ts';
import { scrape } from './support/scrape.ts';
import { startWeb } from './support/web.ts';

/** What each place says of each cause, in the catalogue's own terms. */
type Told = Readonly<Record<string, Readonly<Record<string, string>>>>;

const catalogue = loadCatalogue();
const page = readFileSync('docs/causes.md', 'utf8');

const described: Told = Object.fromEntries(
  Object.values(catalogue.causes).map(({ id, origin, owner, retryable }) => [id, { origin, owner, retryable }]),
);

test('llm_cause_info of a scrape tells of exactly the causes of the catalogue, as it describes them', async (t) => {
  const { url } = await startWeb(t);
  const { samples } = await scrape(url);
  const exposed = samples
    .filter(({ name }) => name === 'llm_cause_info')
    .map(({ labels: { cause = '', ...rest } }) => [cause, rest] as const);
  assert.equal(exposed.length, CAUSES.length);
  assert.deepEqual(Object.fromEntries(exposed), described);
});

test('docs/causes.md has a row and a section for exactly the causes of the catalogue, as it describes them', () => {
  const rows = [...page.matchAll(/^\| \[`(\w+)`\]\(#\1\) \| ([\d, ]*) \| (\w+) \| (\w+) \| /gm)];
  const told = rows.map(([, id, codes, owner, retryable]) => [id, { codes, owner, retryable }]);
  const known = Object.values(catalogue.causes).map(({ id, codes, owner, retryable }) => [
    id,
    { codes: codes.join(', '), owner, retryable },
  ]);
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(known));
  const sections = [...page.matchAll(/^## (\w+)\n\n.*; origin (\w+), owner (\w+), retryable (\w+)\.$/gm)];
  assert.deepEqual(
    Object.fromEntries(sections.map(([, id, origin, owner, retryable]) => [id, { origin, owner, retryable }])),
    described,
  );
});

test('docs/causes.md gives the advice and the source of every cause', () => {
  const sections = page.split(/^## /m).slice(1);
  for (const { id, advice, source } of Object.values(catalogue.causes)) {
    const section = sections.find((text) => text.startsWith(`${id}\n`));
    for (const text of [advice.user, advice.ops, source]) assert.ok(section?.includes(text), `${id}: ${text}`);
  }
});

test('docs/causes.md explains every basis that rules have', () => {
  const told = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| /gm)].map(([, basis, count]) => [basis, Number(count)]);
  const known = BASES.map((basis) => [basis, catalogue.rules.filter((rule) => rule.basis === basis).length]);
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(known));
});

test('simulate has an answer for exactly the causes of the catalogue', () => {
  assert.deepEqual(Object.keys(answers).sort(), Object.keys(described).sort());
});

test('npm start and the image run the exporter with the same flags of node', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [, image = '[]'] = /^ENTRYPOINT (.*)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  const flags = (words: readonly string[]) => words.filter((word) => word.startsWith('--'));
  assert.ok(flags(JSON.parse(image)).length > 0);
  assert.deepEqual(flags(scripts.start.split(' ')), flags(JSON.parse(image)));
});
