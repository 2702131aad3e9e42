import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { createRequestTap } from '../../../../../src/input/proxy/tap/request-tap.ts';

const CODINGS = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};

const bodyOf = (messages: string) => Buffer.from(JSON.stringify({ messages: [messages], model: 'm', stream: true }));
const noise = (bytes: number) => randomBytes(bytes).toString('base64');

/** A tap of a coded body that comes in pieces of this size. */
function tapOf(coding: string, sent: Buffer, size = sent.length) {
  const tap = createRequestTap({ url: '/v1/chat/completions', headers: ['Content-Encoding', coding] });
  for (let at = 0; at < sent.length; at += size) tap.push(sent.subarray(at, at + size));
  return tap;
}

test('knows what a body of any coding says as soon as all of it is here', () => {
  for (const [coding, encode] of Object.entries(CODINGS)) {
    const tap = tapOf(coding, encode(bodyOf(noise(10_000))));
    assert.deepEqual([tap.model(), tap.facts().stream], ['m', true], coding);
    assert.equal(tap.waitsForEnd, true);
  }
});

test('knows it of a body in pieces at its end, and of a name at its start before', () => {
  for (const [coding, encode] of Object.entries(CODINGS)) {
    const tap = tapOf(coding, encode(bodyOf(noise(100_000))), 1000);
    tap.end();
    assert.deepEqual([tap.model(), tap.facts().stream], ['m', true], coding);
    const bytewise = tapOf(coding, encode(bodyOf('x')), 1);
    bytewise.end();
    assert.equal(bytewise.model(), 'm', `${coding}, byte by byte`);
  }
  const early = tapOf(
    'gzip',
    zlib.gzipSync(`{"model":"m","messages":["${noise(100_000)}"]}`).subarray(0, 64_000),
    16_000,
  );
  assert.equal(early.model(), 'm');
});

test('what is beyond the bounds stays unknown, and its start is read', () => {
  const long = zlib.gzipSync(bodyOf(noise(2_000_000)));
  const unknown = tapOf('gzip', long, 65_536);
  unknown.end();
  assert.deepEqual([unknown.model(), unknown.facts().stream], [undefined, undefined]);
  const named = Buffer.from(`{"model":"m","messages":["${noise(2_000_000)}"]}`);
  assert.equal(tapOf('gzip', zlib.gzipSync(named), 65_536).model(), 'm');
  const bomb = Buffer.concat([Buffer.from('{"model":"m","x":"'), randomBytes(60_000), Buffer.alloc(4 * 1024 * 1024)]);
  for (const coding of ['gzip', 'deflate', 'br'] as const) {
    assert.equal(tapOf(coding, CODINGS[coding](bomb)).model(), 'm', coding);
  }
});

test('what does not unpack says nothing, and what is not coded is read whatever its header', () => {
  const coded = zlib.gzipSync(bodyOf('x'));
  for (const [coding, sent] of [
    ['gzip', Buffer.from('no gzip at all')],
    ['gzip', coded.fill(0xff, 12)],
    ['gzip, br', coded],
    ['compress', coded],
  ] as const) {
    const tap = tapOf(coding, sent, 7);
    tap.end();
    assert.deepEqual([tap.model(), tap.facts().stream], [undefined, undefined], coding);
  }
  const plain = tapOf('gzip', bodyOf('x'));
  assert.deepEqual([plain.model(), plain.waitsForEnd], ['m', false]);
});

test('no coding makes the first byte of JSON, so that JSON is known without a look at the headers', () => {
  for (const [coding, encode] of Object.entries(CODINGS)) {
    for (const body of ['', '{', '{}', bodyOf(''), bodyOf(noise(70_000))]) {
      assert.notEqual(encode(body)[0], '{'.charCodeAt(0), coding);
    }
  }
  for (let lgwin = zlib.constants.BROTLI_MIN_WINDOW_BITS; lgwin <= zlib.constants.BROTLI_MAX_WINDOW_BITS; lgwin += 1) {
    for (const bytes of [0, 1, 100, 70_000, 1_100_000]) {
      const params = { [zlib.constants.BROTLI_PARAM_LGWIN]: lgwin, [zlib.constants.BROTLI_PARAM_QUALITY]: 1 };
      const coded = zlib.brotliCompressSync(randomBytes(bytes), { params });
      assert.notEqual(coded[0], '{'.charCodeAt(0), `${bytes} bytes, a window of ${lgwin} bits`);
    }
  }
});
