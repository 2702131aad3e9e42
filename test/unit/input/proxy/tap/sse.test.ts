import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSseSplitter, type SseFrame } from '../../../../../src/input/proxy/tap/sse.ts';

function split(bytes: Buffer, cuts: readonly number[] = [], maxFrameBytes?: number): SseFrame[] {
  const frames: SseFrame[] = [];
  const onFrame = (frame: SseFrame): void => void frames.push(frame);
  const splitter = createSseSplitter(maxFrameBytes === undefined ? { onFrame } : { onFrame, maxFrameBytes });
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [at, start] of edges.entries()) splitter.push(bytes.subarray(start, edges[at + 1] ?? bytes.length));
  splitter.end();
  return frames;
}

const data = (text: string): string[] => split(Buffer.from(text)).map((frame) => frame.data);

test('reads frames that end in LF, CRLF or CR', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const text = `event: a${end}data: 1${end}${end}data: 2${end}${end}`;
    assert.deepEqual(split(Buffer.from(text)), [
      { event: 'a', data: '1' },
      { event: '', data: '2' },
    ]);
  }
});

test('joins data lines, skips comments, ids and unknown fields, takes off one space', () => {
  assert.deepEqual(data('data: a\ndata:b\ndata:  c\ndata\n\n'), ['a\nb\n c\n']);
  assert.deepEqual(data(': ping\n\n:\n\nid: 7\nretry: 1\n\nfoo: bar\ndata: x\n\n'), ['x']);
  assert.deepEqual(data('\uFEFFdata: after a byte order mark\n\n'), ['after a byte order mark']);
});

test('hands out a last frame that lacks its blank line or its line end', () => {
  assert.deepEqual(data('data: 1\n\ndata: [DONE]\n'), ['1', '[DONE]']);
  assert.deepEqual(data('data: [DONE]'), ['[DONE]']);
});

test('of an over-long frame only the event name is kept, and the next frame is whole', () => {
  const text = `event: response.completed\ndata: ${'x'.repeat(5000)}\n\ndata: next\n\n`;
  const expected = [
    { event: 'response.completed', data: '' },
    { event: '', data: 'next' },
  ];
  assert.deepEqual(split(Buffer.from(text), [], 1000), expected);
  const everyByte = Array.from({ length: text.length }, (_, at) => at);
  assert.deepEqual(split(Buffer.from(text), everyByte, 1000), expected);
});

const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
  fc.constantFrom('data: {"é":"😀"}', ':c', 'event: e', 'data', '', '', 'id: 1'),
);
const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 20 });

test('gives the same frames however the bytes are cut', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map(([text, end]) => text + end).join(''));
      assert.deepEqual(split(bytes, cuts), split(bytes));
      assert.deepEqual(split(bytes, Array.from(bytes.keys())), split(bytes));
    }),
    { numRuns: 300 },
  );
});

test('any bytes at all are survived', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void split(Buffer.from(bytes), [3, 7])));
});
