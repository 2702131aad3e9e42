import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Guard } from '../../../../../src/input/proxy/tap/guard.ts';
import { createStreamTap, type ResponseFacts } from '../../../../../src/input/proxy/tap/stream-tap.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

const guard: Guard = (_what, _fallback, read) => read();
const ANSWER = 'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

function watch() {
  const clock = createManualClock();
  const tap = createStreamTap('gzip', clock, guard);
  return { clock, tap, finished: () => new Promise<ResponseFacts>((resolve) => tap.finish(resolve)) };
}

test('a stream that unpacks without end is given up, and its end stays unknown', async () => {
  const { tap, finished } = watch();
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024, ':'));
  for (let member = 0; member < 8; member += 1) tap.push(bomb);
  assert.deepEqual((await finished()).stream?.isComplete, undefined);
});

test('a long stream that compresses well is read to its end', async () => {
  const { tap, finished } = watch();
  const head = `data: {"id":"${'0123456789abcdef'.repeat(16)}","choices":[{"delta":{"content":"`;
  const text = Array.from({ length: 60_000 }, (_, at) => `${head}${at}"}}]}\n\n`).join('');
  assert.ok(text.length > 16 * 1024 * 1024);
  tap.push(gzipSync(text));
  tap.push(gzipSync(ANSWER));
  assert.equal((await finished()).stream?.isComplete, true);
});

test('the end of a stream waits a second for its decoder and no longer', async () => {
  const { clock, tap, finished } = watch();
  tap.push(gzipSync(ANSWER));
  const facts = finished();
  clock.advance(1000);
  assert.equal((await facts).stream?.isComplete, undefined);
});

test('what a frame used is counted however long it is, in one line or many', () => {
  const usage = '"usage":{"input_tokens":7,"output_tokens":4160}';
  const image = 'A'.repeat(1024 * 1024);
  const head = '{"type":"image_generation.completed","b64_json":"';
  // Not longer than a frame may be, but for what its data line counts beside the bytes of both lines.
  const exact = `${head}${image.slice(head.length + usage.length + 60)}",${usage}}`;
  for (const data of [`${head}${image}${image}",${usage}}`, `${head}\ndata: ${image}\ndata: ",${usage}}`, exact]) {
    const sent = Buffer.from(`event: image_generation.completed\ndata: ${data}\n\n`);
    for (const size of [sent.length, 65_536, 1000]) {
      const tap = createStreamTap('', createManualClock(), guard);
      for (let at = 0; at < sent.length; at += size) tap.push(sent.subarray(at, at + size));
      tap.push(Buffer.from('data: {"choices":[]}\n\n'));
      let facts: ResponseFacts | undefined;
      tap.finish((found) => {
        facts = found;
      });
      assert.deepEqual(
        [facts?.tokens?.input, facts?.tokens?.output],
        [7, 4160],
        `${sent.length} bytes, ${size} at a time`,
      );
      assert.equal(facts?.error, undefined);
    }
  }
});
