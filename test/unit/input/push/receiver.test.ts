import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { configSchema } from '../../../../src/config/schema.ts';
import type { PushResult } from '../../../../src/event/sink.ts';
import { BODY_TIMEOUT_MS, createPushReceiver } from '../../../../src/input/push/receiver.ts';
import { createLog } from '../../../../src/log.ts';
import { recordSource, requestLine, requestLines } from '../../../support/followed-log.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

function pushConfig(settings: object) {
  const { push } = configSchema.parse({ push: { allow_anonymous: true, format: 'nginx-json', ...settings } });
  assert.ok(push);
  return push;
}

function start({
  settings = {},
  saved = undefined as unknown,
  durable = () => Promise.resolve() as Promise<unknown>,
} = {}) {
  const clock = createManualClock();
  const source = recordSource();
  const results: PushResult[] = [];
  const receiver = createPushReceiver({
    sink: {
      open: () => assert.fail('a push has no live requests'),
      source: () => source,
      queue: () => assert.fail('a push waits in no queue'),
      pushes: () => (result) => results.push(result),
    },
    clock,
    log: createLog({ write: () => {} }),
    saved,
    durable,
  });
  receiver.reconfigure(pushConfig(settings));
  const post = async (body: string | Buffer | Readable, headers: Readonly<Record<string, string>> = {}) => {
    const readable = body instanceof Readable ? body : Readable.from([Buffer.from(body)]);
    const answer = await receiver.receive({ header: (name) => headers[name], body: readable });
    return { ...answer, json: JSON.parse(answer.body) };
  };
  return { clock, source, results, receiver, post };
}

const KEY = { 'idempotency-key': '"k1"' };

describe('a push', () => {
  test('counts the records of its body', async () => {
    const { source, results, post } = start();
    const { status, json } = await post(`${requestLines(1, 2)}{"status":200,"request_uri":"/favicon.ico"}\nnonsense\n`);
    assert.equal(status, 200);
    assert.deepEqual(json, {
      accepted: 2,
      filtered: 1,
      rejected: { invalid_json: 1 },
      duplicate: false,
      first_rejected: 'record 4: invalid_json',
    });
    assert.deepEqual(source.ids(), ['1', '2']);
    source.assertBalanced();
    assert.deepEqual(results, ['accepted']);
  });

  test('of nothing but rejects is told so, and counted as such', async () => {
    const { source, results, post } = start();
    const { status, json } = await post('x\ny\n');
    assert.equal(status, 400);
    assert.deepEqual(json.rejected, { invalid_json: 2 });
    assert.match(json.error, /no record could be read; record 1: invalid_json/);
    assert.deepEqual(source.rejected, ['invalid_json', 'invalid_json']);
    assert.deepEqual(results, ['rejected']);
  });

  test('that breaks off in an array counts nothing', async () => {
    const { source, results, post } = start();
    const { status, json } = await post(`[${requestLine(1)},${requestLine(2)}`);
    assert.equal(status, 400);
    assert.match(json.error, /^record 3: it ends/);
    assert.equal(source.lines, 0);
    assert.deepEqual(results, ['malformed']);
  });

  test('of nothing counts nothing', async () => {
    const { source, post } = start();
    for (const body of ['', '[]', '\n\n']) assert.equal((await post(body)).status, 200, body);
    assert.equal(source.lines, 0);
  });

  test('with more records than one step may count is refused', async () => {
    const { source, post } = start();
    const { status, json } = await post(`[${'0,'.repeat(50_000)}0]`);
    assert.equal(status, 413);
    assert.match(json.error, /more than 50000 records/);
    assert.equal(source.lines, 0);
  });

  test('rejects a record above max_line and keeps the others', async () => {
    const { source, post } = start({ settings: { max_line: '1KiB' } });
    const { json } = await post(`[${requestLine(1)},{"a":"${'x'.repeat(1024)}"}]`);
    assert.deepEqual(json.rejected, { too_long: 1 });
    assert.deepEqual(source.ids(), ['1']);
  });

  test('is answered when it is durable, not before', async () => {
    const disk = Promise.withResolvers<void>();
    const { source, results, post } = start({ durable: () => disk.promise });
    const answer = post(requestLine(1));
    await eventLoopIsIdle();
    assert.deepEqual(source.ids(), ['1']);
    assert.deepEqual(results, []);
    disk.resolve();
    assert.equal((await answer).status, 200);
  });

  test('after the end of the exporter has begun counts nothing', async () => {
    const { source, results, receiver, post } = start();
    const body = new PassThrough();
    const answer = post(body);
    body.write(requestLine(1));
    await eventLoopIsIdle();
    receiver.close();
    body.end();
    assert.equal((await answer).status, 503);
    assert.equal((await post(requestLine(2))).headers['Retry-After'], '1');
    assert.equal(source.lines, 0);
    assert.deepEqual(results, ['unavailable', 'unavailable']);
  });

  test('that is slower than it may be is cut', async () => {
    const { clock, source, post } = start();
    const body = new PassThrough();
    const answer = post(body);
    body.write(requestLine(1));
    await eventLoopIsIdle();
    clock.advance(BODY_TIMEOUT_MS);
    const { status, headers } = await answer;
    assert.equal(status, 408);
    assert.equal(headers.Connection, 'close');
    assert.equal(source.lines, 0);
  });

  test('that breaks off is not counted', async () => {
    const { source, results, post } = start();
    const body = new PassThrough();
    const answer = post(body);
    body.write(requestLine(1));
    await eventLoopIsIdle();
    body.destroy();
    await answer;
    assert.equal(source.lines, 0);
    assert.deepEqual(results, ['aborted']);
  });

  test('finds the memory that the others give back', async () => {
    const { source, post } = start({ settings: { max_body: '1KiB' } });
    const slow = Array.from({ length: 4 }, () => new PassThrough());
    const answers = slow.map((body) => post(body));
    for (const body of slow) body.write(' '.repeat(1000));
    await eventLoopIsIdle();
    const { status, headers } = await post(`${' '.repeat(100)}${requestLine(1)}`);
    assert.equal(status, 429);
    assert.equal(headers['Retry-After'], '1');
    for (const body of slow) body.end();
    for (const answer of answers) assert.equal((await answer).status, 200);
    assert.equal((await post(requestLine(2))).status, 200);
    assert.deepEqual(source.ids(), ['2']);
  });

  test('unpacks no more than a body may have', async () => {
    const { source, results, post } = start({ settings: { max_body: '64KiB' } });
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    const { status } = await post(bomb.subarray(0, 60_000), { 'content-encoding': 'gzip' });
    assert.equal(status, 413);
    assert.equal(source.bytes, 0);
    assert.deepEqual(results, ['too_large']);
  });

  test('waits its turn past the lines that may come in a second', async () => {
    const { clock, source, post } = start({ settings: { max_lines_per_second: 10 } });
    assert.equal((await post(requestLines(1, 30))).status, 200);
    const refused = await post(requestLine(31));
    assert.equal(refused.status, 429);
    assert.equal(refused.headers['Retry-After'], '3');
    clock.advance(3000);
    assert.equal((await post(requestLine(31))).status, 200);
    assert.equal(source.lines, 31);
  });
});

describe('a push with a key', () => {
  test('counts once, however often it comes', async () => {
    const { source, results, post } = start();
    const first = await post(requestLines(1, 3), KEY);
    const second = await post(requestLines(1, 3), KEY);
    assert.deepEqual(second.json, { ...first.json, duplicate: true });
    assert.equal(second.status, 200);
    assert.deepEqual(source.ids(), ['1', '2', '3']);
    assert.deepEqual(results, ['accepted', 'duplicate']);
  });

  test('counts once when its tries overlap, and none is answered before the disk has it', async () => {
    const disk = Promise.withResolvers<void>();
    const { source, results, post } = start({ durable: () => disk.promise });
    const answers = Array.from({ length: 5 }, () => post(requestLines(1, 3000), KEY));
    while (source.lines === 0) await eventLoopIsIdle();
    await eventLoopIsIdle();
    assert.deepEqual(results, []);
    disk.resolve();
    const all = await Promise.all(answers);
    assert.deepEqual(all.map(({ json }) => json.duplicate).sort(), [false, true, true, true, true]);
    assert.equal(source.lines, 3000);
  });

  test('is refused with another body, and the key stays with the first', async () => {
    const { source, post } = start();
    await post(requestLine(1), KEY);
    assert.equal((await post(requestLine(2), KEY)).status, 422);
    assert.equal((await post(requestLine(1), KEY)).json.duplicate, true);
    assert.deepEqual(source.ids(), ['1']);
  });

  test('may be tried again when nothing was counted', async () => {
    const { source, post } = start();
    assert.equal((await post('[1', KEY)).status, 400);
    assert.equal((await post(requestLine(1), KEY)).status, 200);
    assert.deepEqual(source.ids(), ['1']);
  });

  test('is the same however its body is packed', async () => {
    const { source, post } = start();
    await post(requestLine(1), KEY);
    const { json } = await post(gzipSync(requestLine(1)), { ...KEY, 'content-encoding': 'gzip' });
    assert.equal(json.duplicate, true);
    assert.equal(source.lines, 1);
  });

  test('is known after a restart', async () => {
    const before = start();
    await before.post(requestLine(1), KEY);
    await before.post('nonsense', { 'idempotency-key': 'k2' });
    const after = start({ saved: JSON.parse(JSON.stringify(before.receiver.save())) });
    assert.equal((await after.post(requestLine(1), KEY)).json.duplicate, true);
    const rejected = await after.post('nonsense', { 'idempotency-key': 'k2' });
    assert.equal(rejected.status, 400);
    assert.equal(rejected.json.duplicate, true);
    assert.equal(after.source.lines, 0);
  });
});

describe('settings of push', () => {
  test('change while it runs', async () => {
    const { source, receiver, post } = start();
    receiver.reconfigure(pushConfig({ provider: 'other', max_body: '1KiB' }));
    await post(requestLine(1));
    assert.equal(source.events[0]?.provider, 'other');
    assert.equal((await post('x'.repeat(2000))).status, 413);
    receiver.reconfigure(undefined);
    assert.equal((await post(requestLine(2))).status, 403);
    receiver.reconfigure(pushConfig({}));
    assert.equal((await post(requestLine(3))).status, 200);
    assert.deepEqual(source.ids(), ['1', '3']);
  });
});

/** Lets everything run that can run without anything from outside. */
async function eventLoopIsIdle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}
