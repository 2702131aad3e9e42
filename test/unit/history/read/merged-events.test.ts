import assert from 'node:assert/strict';
import { link, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { findLogs } from '../../../../src/history/read/log-files.ts';
import { mergedEvents } from '../../../../src/history/read/merged-events.ts';
import { type Tally, totalOf } from '../../../../src/history/read/tally.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const START = Date.UTC(2026, 8, 1);

/** A line `seconds` after the start; the model tells the file. */
function line(seconds: number, model: string): string {
  const time = new Date(START + seconds * 1000).toISOString();
  return `${JSON.stringify({ time, uri: '/v1/chat/completions', status: 200, model })}\n`;
}

async function merged(t: TestContext, files: Readonly<Record<string, string | Buffer>>) {
  const folder = await tempDir(t);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const logs = await findLogs(
    Object.keys(files).map((name) => join(folder, name)),
    { provider: 'p' },
  );
  const tallies: Tally[] = [];
  const seen: string[] = [];
  for await (const batch of mergedEvents({ logs, tallies })) {
    for (const { timeMs, model } of batch) seen.push(`${(timeMs - START) / 1000} ${model}`);
  }
  return { seen, total: totalOf(tallies) };
}

test('merges logs that overlap, are packed and come in any order', async (t) => {
  const range = (from: number, to: number, model: string) =>
    Array.from({ length: to - from }, (_, at) => line((from + at) * 60, model)).join('');
  const { seen, total } = await merged(t, {
    'new.log': range(300, 600, 'c'),
    'middle.log.1.gz': gzipSync(range(200, 400, 'b')),
    'old.log.2.gz': Buffer.concat([gzipSync(range(0, 100, 'a')), gzipSync(range(100, 220, 'a'))]),
  });
  const times = seen.map((text) => Number(text.split(' ')[0]));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.equal(seen.length, 720);
  assert.deepEqual([total.files, total.lines, total.events, total.leftOut.late], [3, 720, 720, 0]);
});

test('puts lines in order that are minutes behind, and leaves out and counts what is later than that', async (t) => {
  const { seen, total } = await merged(t, {
    'a.log': [
      line(0, 'a'),
      line(290, 'a'),
      line(10, 'a'),
      line(900, 'a'),
      line(1500, 'a'),
      line(2, 'late'),
      line(1501, 'a'),
    ].join(''),
    'b.log': line(2000, 'b'),
  });
  // The first chunk holds all of them, so nothing was handed out yet: only what no window could mend is late.
  assert.deepEqual(seen, ['0 a', '2 late', '10 a', '290 a', '900 a', '1500 a', '1501 a', '2000 b']);
  assert.equal(total.leftOut.late, 0);
  const long = [
    ...Array.from({ length: 4_000 }, (_, at) => line(at * 10, 'a')),
    line(3, 'late'),
    line(40_000, 'a'),
  ].join('');
  const later = await merged(t, { 'a.log': long });
  assert.deepEqual([later.seen.length, later.total.leftOut.late, later.total.events], [4_001, 1, 4_002]);
});

test('a line of a wrong time does not make the rest late', async (t) => {
  const { seen, total } = await merged(t, {
    'a.log': [
      line(-1_700_000_000, 'old'),
      line(0, 'a'),
      line(10, 'a'),
      line(2e9, 'far'),
      line(20, 'a'),
      line(30, 'a'),
      line(2e9, 'end'),
    ].join(''),
  });
  assert.deepEqual(seen, ['0 a', '10 a', '20 a', '30 a']);
  assert.equal(total.leftOut.stray, 3);
});

test('lines that are hours apart are no strays', async (t) => {
  const { seen } = await merged(t, { 'a.log': [0, 36_000, 86_400, 864_000].map((at) => line(at, 'a')).join('') });
  assert.deepEqual(seen, ['0 a', '36000 a', '86400 a', '864000 a']);
});

test('reads a packed log that is cut off up to there, and says so', async (t) => {
  const whole = gzipSync(Array.from({ length: 2000 }, (_, at) => line(at, `m${(at * 7919) % 1000}`)).join(''));
  const { seen, total } = await merged(t, { 'a.log.gz': whole.subarray(0, Math.floor(whole.length / 2)) });
  assert.ok(seen.length > 500 && seen.length < 2000, `${seen.length} events`);
  assert.match(total.faults[0]?.fault ?? '', /unexpected end/);
});

test('says that lines without a time have no place', async (t) => {
  await assert.rejects(
    merged(t, { 'a.log': 'INFO:     127.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 200 OK\n' }),
    /do not tell when they were written/,
  );
});

test('each line keeps the tokens of its own', async (t) => {
  const file = join(await tempDir(t), 'tokens.log');
  const told = Array.from({ length: 200 }, (_, at) => at + 1);
  const lines = told.map((tokens) => {
    const time = new Date(START + tokens * 1000).toISOString();
    return JSON.stringify({ time, uri: '/v1/chat/completions', status: 200, model: 'm', prompt_tokens: tokens });
  });
  await writeFile(file, `${lines.join('\n')}\n`);
  const logs = await findLogs([file], { provider: 'p' });
  const read: unknown[] = [];
  for await (const batch of mergedEvents({ logs, tallies: [] })) read.push(...batch.map(({ tokens }) => tokens?.input));
  assert.deepEqual(read, told);
});

test('a log of two names is counted once', async (t) => {
  const folder = await tempDir(t);
  const file = join(folder, 'a.log');
  await writeFile(file, line(0, 'a') + line(1, 'a'));
  await symlink(file, join(folder, 'b.log'));
  await link(file, join(folder, 'c.log'));
  const tallies: Tally[] = [];
  let events = 0;
  const logs = await findLogs([join(folder, '*.log'), file], {});
  for await (const batch of mergedEvents({ logs, tallies })) events += batch.length;
  assert.deepEqual([events, tallies.length], [2, 1]);
});

test('says which log cannot be read', async (t) => {
  const folder = await tempDir(t);
  const logs = await findLogs([join(folder, 'none.log'), folder], {});
  await assert.rejects(async () => {
    for await (const _ of mergedEvents({ logs, tallies: [] })) assert.fail();
  }, /none\.log: cannot be read.*cannot be read/s);
});
