import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { createLineParser } from '../../../../src/input/log/formats/line-parser.ts';
import { createStreamSource } from '../../../../src/input/log/stdin.ts';
import { createLog } from '../../../../src/log.ts';
import { eventually } from '../../../support/eventually.ts';
import { ids, recordSource, requestLine, requestLines } from '../../../support/followed-log.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

function readFrom(stream: Readable) {
  const sink = recordSource();
  const parse = createLineParser({ format: 'auto', provider: 'novita', clock: createManualClock() });
  const said: string[] = [];
  const source = createStreamSource({
    stream,
    sink,
    parserFor: () => parse,
    log: createLog({ write: (line) => said.push(line) }),
  });
  source.start();
  return { sink, source, said };
}

test('a stream gives one event for each line, however its chunks fall', async () => {
  const bytes = Buffer.from(requestLines(1, 50));
  const chunks = Array.from({ length: Math.ceil(bytes.length / 97) }, (_, index) =>
    bytes.subarray(index * 97, index * 97 + 97),
  );
  const { sink, source } = readFrom(Readable.from(chunks));
  assert.deepEqual(sink.last, { up: true, lagBytes: 0 });
  await source.ended;
  assert.deepEqual(sink.ids(), ids(1, 50));
  assert.equal(sink.bytes, bytes.length);
  sink.assertBalanced();
  assert.deepEqual(sink.last, { up: false, lagBytes: 0 });
});

test('the last line of a stream needs no newline', async () => {
  const { sink, source } = readFrom(Readable.from([Buffer.from(requestLines(1, 2).trimEnd())]));
  await source.ended;
  assert.deepEqual(sink.ids(), ids(1, 2));
  sink.assertBalanced();
});

test('a stream of strings is read as well', async () => {
  const { sink, source } = readFrom(Readable.from([requestLine(1), requestLine(2)]));
  await source.ended;
  assert.deepEqual(sink.ids(), ids(1, 2));
});

test('a stream that breaks is over: its half line is rejected and the failure is said', async () => {
  const stream = new PassThrough();
  const { sink, source, said } = readFrom(stream);
  stream.write(`${requestLine(1)}{"status":`);
  await eventually(() => assert.deepEqual(sink.ids(), ['1']));
  stream.destroy(Object.assign(new Error('read failed'), { code: 'EIO' }));
  await source.ended;
  assert.deepEqual(sink.ids(), ['1']);
  assert.deepEqual(sink.rejected, ['unterminated']);
  sink.assertBalanced();
  assert.match(said.join(''), /code=EIO/);
});

test('nothing is read after the source is closed', async () => {
  const stream = new PassThrough();
  const { sink, source } = readFrom(stream);
  source.close();
  stream.end(requestLine(1));
  await source.ended;
  assert.deepEqual(sink.ids(), []);
});
