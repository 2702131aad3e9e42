import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ids, requestLine, requestLines } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

async function logInFolder(t: TestContext, before = '') {
  const dir = await tempDir(t);
  const file = join(dir, 'access.log');
  writeFileSync(file, before);
  return { dir, file, logs: startLogSources(t) };
}

const CHANGES = [
  { max_line: '2KiB' },
  { fields: { model: 'request_id' } },
  { format: 'json' as const },
  { provider: 'other' },
  { source: 'renamed' },
  {},
];

for (const start_at of ['end', 'beginning'] as const) {
  test(`started at the ${start_at}, each line counts once while a log is written, rotated and configured anew`, async (t) => {
    const { dir, file, logs } = await logInFolder(t);
    logs.reload({ file, start_at });
    let id = 0;
    for (const [turn, change] of CHANGES.entries()) {
      const begun = requestLine(id + 2);
      appendFileSync(file, requestLine(id + 1) + begun.slice(0, 50));
      logs.settle();
      // Unread, and behind a half line, when the configuration changes.
      appendFileSync(file, begun.slice(50) + requestLine(id + 3));
      logs.reload({ file, start_at, ...change });
      logs.settle();
      appendFileSync(file, requestLine(id + 4));
      renameSync(file, join(dir, `access.log.${turn}`));
      logs.reload({ file, start_at });
      writeFileSync(file, requestLine(id + 5));
      logs.settle();
      id += 5;
    }
    assert.deepEqual(
      logs.ids().sort((a, b) => Number(a) - Number(b)),
      ids(1, id),
    );
  });
}

test('a backlog outlives a change of the configuration, from where it was read', async (t) => {
  const { file, logs } = await logInFolder(t);
  logs.reload({ file, start_at: 'end' });
  appendFileSync(file, requestLines(1, 2000));
  logs.takeTurn();
  logs.reload({ file, start_at: 'end', max_line: '512KiB' });
  logs.settle();
  assert.deepEqual(logs.ids(), ids(1, 2000));
  assert.equal(logs.opened.length, 1);
});

test('lines are read by the new configuration from the reload on', async (t) => {
  const { file, logs } = await logInFolder(t);
  logs.reload({ file });
  for (const [id, fields] of [{}, { model: 'request_id' }].entries()) {
    logs.reload({ file, fields });
    appendFileSync(file, requestLine(`id-${id}`));
    logs.settle();
  }
  const [opened] = logs.opened;
  assert.deepEqual(
    opened?.sink.events.map(({ model }) => model),
    ['deepseek/deepseek-v3', 'id-1'],
  );
});

test('a line that was begun ends under the new limit', async (t) => {
  const { file, logs } = await logInFolder(t);
  const long = JSON.stringify({ status: 200, request_id: '1', padding: 'x'.repeat(3000) });
  logs.reload({ file });
  appendFileSync(file, long);
  logs.settle();
  logs.reload({ file, max_line: '1KiB' });
  appendFileSync(file, `\n${requestLine(2)}`);
  logs.settle();
  assert.deepEqual(logs.ids(), ['2']);
  assert.deepEqual(logs.opened[0]?.sink.rejected, ['too_long']);
});

test('a log under another name goes on where it was, and its former name is closed', async (t) => {
  const { file, logs } = await logInFolder(t, requestLine(1));
  logs.reload({ file, start_at: 'beginning' });
  logs.settle();
  logs.reload({ file, start_at: 'beginning', source: 'gateway' });
  appendFileSync(file, requestLine(2));
  logs.settle();
  assert.deepEqual(
    logs.opened.map(({ name, isClosed, sink }) => [name, isClosed, sink.ids()]),
    [
      [file, true, ['1']],
      ['gateway', false, ['2']],
    ],
  );
});

test('another path under the same name is a new log, to which start_at applies', async (t) => {
  const { dir, file, logs } = await logInFolder(t, requestLine(1));
  const other = join(dir, 'other.log');
  writeFileSync(other, requestLine(2));
  logs.reload({ file, source: 'gateway', start_at: 'beginning' });
  logs.settle();
  logs.reload({ file: other, source: 'gateway', start_at: 'end' });
  appendFileSync(file, requestLine(3));
  appendFileSync(other, requestLine(4));
  logs.settle();
  assert.deepEqual(logs.ids(), ['1', '4']);
});

test('a log that is configured twice is counted once, under the first name, and goes on under the second when that is left', async (t) => {
  const { file, logs } = await logInFolder(t);
  logs.reload({ file, source: 'a' }, { file, source: 'b' });
  assert.match(logs.said.join(''), /configured twice/);
  appendFileSync(file, requestLine(1));
  logs.settle();
  logs.reload({ file, source: 'b', provider: 'other' });
  appendFileSync(file, requestLine(2));
  logs.settle();
  assert.deepEqual(
    logs.opened.map(({ name, isClosed, sink }) => [name, isClosed, sink.ids()]),
    [
      ['a', true, ['1']],
      ['b', false, ['2']],
    ],
  );
});

test('a log that was taken out and is put back goes on where it was', async (t) => {
  const { file, logs } = await logInFolder(t, requestLine(1));
  logs.reload({ file, start_at: 'beginning' });
  logs.settle();
  logs.reload();
  appendFileSync(file, requestLine(2));
  logs.settle();
  logs.reload({ file, start_at: 'end' });
  logs.settle();
  assert.deepEqual(logs.ids(), ids(1, 2));
});
