import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { CAUSES } from '../../src/classify/causes.ts';
import { runCommand } from '../support/command.ts';
import { runCli } from '../support/exporter.ts';

const catalogue = loadCatalogue();

test('causes lists every cause once, one a line for a pipe', async (t) => {
  const run = runCli(t, ['causes']);
  assert.equal(await run.exit, 0);
  const [head = '', ...rows] = run.stdout().trimEnd().split('\n');
  assert.match(head, /^CAUSE +CODES +OWNER +RETRY +MEANING$/);
  assert.deepEqual(
    rows.map((row) => row.split(/ +/)[0]),
    [...CAUSES],
  );
});

test('a code gives the causes that come with it, as a table or as JSON', async () => {
  const expected = Object.values(catalogue.causes).filter(({ codes }) => codes.includes(503));
  const { stdout } = await runCommand(['causes', '503']);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((row) => row.split(/ +/)[0])
      .sort(),
    expected.map(({ id }) => id).sort(),
  );
  const lines = (await runCommand(['causes', '503', '--json'])).stdout.trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line));
  assert.deepEqual(told.map(({ id }) => id).sort(), expected.map(({ id }) => id).sort());
  assert.ok(told.every(({ advice, rules }) => advice.user !== '' && rules.length > 0));
});

test('one cause is told in full, with the rules that lead to it and their notes', async () => {
  const { stdout } = await runCommand(['causes', 'surge_protection']);
  const { summary, advice, source, origin, owner, codes } = catalogue.causes.surge_protection;
  for (const text of [summary, advice.user, advice.ops, source, origin, owner, codes.join(' ')]) {
    assert.ok(stdout.includes(text), text);
  }
  for (const { id, basis, note } of catalogue.rules.filter(({ cause }) => cause === 'surge_protection')) {
    const line = stdout.split('\n').find((candidate) => candidate.startsWith(`${id} `));
    assert.ok(line?.includes(basis) && line.includes(note), id);
  }
});

for (const columns of [200, 80, 40]) {
  test(`no line of the table is wider than a terminal of ${columns} columns, and no word is cut`, async () => {
    const { stdout } = await runCommand(['causes'], { columns, env: { NO_COLOR: '1' } });
    const lines = stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.filter((line) => line.length > columns),
      [],
    );
    const words = new Set(stdout.split(/\s+/));
    for (const { id, summary } of Object.values(catalogue.causes)) {
      for (const word of [id, ...summary.split(/\s+/)]) assert.ok(words.has(word), `${id}: ${word}`);
    }
  });
}

test('a terminal too narrow for a name shows where it is cut', async () => {
  const { stdout } = await runCommand(['causes'], { columns: 24, env: { NO_COLOR: '1' } });
  assert.match(stdout, /^gateway_timeout_long_ge…$/m);
});

test('colours are for terminals, and not with NO_COLOR', async () => {
  const coloured = await runCommand(['causes', 'none'], { columns: 80 });
  const plain = await runCommand(['causes', 'none'], { columns: 80, env: { NO_COLOR: '1' } });
  assert.ok(coloured.stdout.includes('\u001b['));
  assert.ok(!plain.stdout.includes('\u001b['));
});

const WRONG: readonly (readonly [argument: string, hint: RegExp])[] = [
  ['rate_limit', /Did you mean rate_limit_rpm, rate_limit_tpm/],
  ['serge_protectoin', /Did you mean surge_protection\?/],
  ['418', /No cause comes with it; the codes are 200, 400, /],
  ['nothing-like-it', /There is no such cause/],
];
for (const [argument, hint] of WRONG) {
  test(`${argument} is a usage problem that says what there is`, async (t) => {
    const run = runCli(t, ['causes', argument]);
    assert.equal(await run.exit, 2);
    assert.match(run.stderr(), hint);
    assert.equal(run.stdout(), '');
  });
}
