import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { followLog, ids, requestLine } from '../support/followed-log.ts';

test('binary between lines is rejected by reason, and the lines around it are read', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  const junk = [Buffer.of(0xff, 0xfe, 0x00, 0x41), Buffer.of(0x1f, 0x8b, 0x08, 0x00), Buffer.of(0xc3, 0x28)];
  for (const bytes of junk) appendFileSync(log.path, Buffer.concat([bytes, Buffer.from('\n')]));
  appendFileSync(log.path, requestLine(2));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.deepEqual(
    log.sink.rejected,
    junk.map(() => 'invalid_json'),
  );
});

test('a megabyte of random bytes never stops the reading', async (t) => {
  const log = await followLog(t);
  appendFileSync(log.path, Buffer.concat([randomBytes(1_000_000), Buffer.from(`\n${requestLine(1)}`)]));
  assert.deepEqual(log.readAll(), ['1']);
  assert.ok(log.sink.rejected.length > 1000);
});

test('bad UTF-8 in a header value does not lose the request', async (t) => {
  const log = await followLog(t);
  const [head = '', tail = ''] = requestLine(1).split('"model":"');
  const bytes = [Buffer.from(`${head}"user_agent":"caf`), Buffer.of(0xe9), Buffer.from(`","model":"${tail}`)];
  appendFileSync(log.path, Buffer.concat(bytes));
  assert.deepEqual(log.readAll(), ['1']);
  assert.equal(log.sink.events[0]?.model, 'deepseek/deepseek-v3');
});

test('lines of other things are rejected by their own reasons', async (t) => {
  const log = await followLog(t, {
    before: '[1,2]\n"text"\n17\nnull\n{"model":"m"}\n{"status":"teapot"}\n{"status":200,"time":"yesterday"}\n',
  });
  log.readAll();
  assert.deepEqual(log.sink.rejected, [
    'not_an_object',
    'not_an_object',
    'not_an_object',
    'not_an_object',
    'missing_code',
    'invalid_code',
    'invalid_time',
  ]);
});

test('an empty line is filtered, not rejected', async (t) => {
  const log = await followLog(t, { before: `\n\r\n${requestLine(1)}\n` });
  assert.deepEqual(log.readAll(), ['1']);
  assert.equal(log.sink.filteredLines, 3);
  assert.deepEqual(log.sink.rejected, []);
});

test('a line of NULs is empty: they are a hole in the file, not what somebody wrote', async (t) => {
  const log = await followLog(t, { before: requestLine(1) });
  appendFileSync(log.path, Buffer.concat([Buffer.alloc(100), Buffer.from('\n'), Buffer.from(requestLine(2))]));
  assert.deepEqual(log.readAll(), ids(1, 2));
  assert.equal(log.sink.filteredLines, 1);
});
