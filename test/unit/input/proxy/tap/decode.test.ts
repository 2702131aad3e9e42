import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { contentCoding, decodeCopy } from '../../../../../src/input/proxy/tap/decode.ts';

const decode = (bytes: Buffer, coding: string): Promise<string | undefined> =>
  new Promise((resolve) => decodeCopy(bytes, contentCoding(coding), resolve));

const ENCODERS = {
  gzip: zlib.gzipSync,
  'X-Gzip': zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
  identity: (bytes: Buffer) => bytes,
};

test('undoes every content coding', async () => {
  const text = '{"error":{"message":"é"}}';
  for (const [coding, encode] of Object.entries(ENCODERS)) {
    assert.equal(await decode(encode(Buffer.from(text)), coding), text, coding);
  }
});

test('damage, unknown and doubled codings, and a small body that explodes give nothing', async () => {
  assert.equal(await decode(Buffer.from('no gzip'), 'gzip'), undefined);
  assert.equal(await decode(Buffer.from('x'), 'compress'), undefined);
  assert.equal(await decode(Buffer.from('x'), 'gzip, br'), undefined);
  for (const encode of [zlib.gzipSync, zlib.brotliCompressSync, zlib.zstdCompressSync]) {
    const bomb = encode(Buffer.alloc(32 * 1024 * 1024));
    const coding = encode === zlib.gzipSync ? 'gzip' : encode === zlib.zstdCompressSync ? 'zstd' : 'br';
    assert.equal(await decode(bomb, coding), undefined, coding);
  }
});

test('a body that was cut still gives its start', async () => {
  const bytes = zlib.gzipSync(Buffer.from('start'.repeat(100)));
  assert.match((await decode(bytes.subarray(0, -10), 'gzip')) ?? '', /^start/);
});
