import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { CodedBody } from '../../../../../src/input/proxy/tap/coded-body.ts';

const CODINGS = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};

const noise = (bytes: number) => randomBytes(bytes).toString('base64');

/** What is read of a coded body that comes in pieces of this size. */
function start(coding: string, sent: Buffer, { size = sent.length, most = Number.POSITIVE_INFINITY } = {}) {
  let plain = '';
  const body = new CodedBody({
    coding,
    onPlain(piece) {
      plain += piece.toString('latin1');
      return plain.length < most;
    },
  });
  for (let at = 0; at < sent.length; at += size) body.push(sent.subarray(at, at + size));
  return { body, plain: () => plain };
}

async function unpacked(coding: string, sent: Buffer, options: Parameters<typeof start>[2] = {}): Promise<string> {
  const { body, plain } = start(coding, sent, options);
  body.end();
  await new Promise<void>((resolve) => body.whenOver(resolve));
  return plain();
}

test('a body of any coding is unpacked at its end, however it is cut', async () => {
  const text = `{"messages":["${noise(50_000)}"],"model":"m"}`;
  for (const [coding, encode] of Object.entries(CODINGS)) {
    for (const size of [1 << 20, 1000, 1]) assert.equal(await unpacked(coding, encode(text), { size }), text, coding);
  }
});

test('of a body beyond the bound the start is read, before its end has come', async () => {
  const text = `{"model":"m","messages":["${noise(2_000_000)}"]}`;
  for (const [coding, encode] of Object.entries(CODINGS)) {
    const { body, plain } = start(coding, encode(text), { size: 65_536 });
    await new Promise<void>((resolve) => body.whenOver(resolve));
    assert.ok(plain().length > 100_000 && text.startsWith(plain()), `${coding}: ${plain().length}`);
    // Neither its end nor more of it changes anything.
    body.push(Buffer.from('more'));
    body.end();
    body.drop();
    assert.ok(text.startsWith(plain()));
  }
});

test('what it unpacks to is read as far as it is wanted, and a megabyte at most', async () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  for (const [coding, encode] of Object.entries(CODINGS)) {
    const { length } = await unpacked(coding, encode(zeros));
    assert.ok(length >= 1024 * 1024 && length < 1.5 * 1024 * 1024, `${coding}: ${length}`);
    assert.ok((await unpacked(coding, encode(zeros), { most: 1 })).length < 256 * 1024, coding);
  }
});

test('what does not unpack is over, and so is one whose end does not come', async () => {
  const coded = zlib.gzipSync(noise(1000));
  for (const [coding, sent] of [
    ['gzip', Buffer.from('no gzip at all')],
    ['gzip', Buffer.from(coded).fill(0xff, 12)],
    ['br', Buffer.from([0xff, 0xff, 0xff])],
    ['zstd', Buffer.from('no zstd')],
    ['gzip', Buffer.alloc(0)],
  ] as const)
    await unpacked(coding, sent, { size: 7 });
  const { body, plain } = start('gzip', coded.subarray(0, 100));
  body.drop();
  let isOver = false;
  body.whenOver(() => {
    isOver = true;
  });
  assert.deepEqual([isOver, plain()], [true, '']);
});

test('too many at once are not read, and those that come later are', async () => {
  const sent = zlib.gzipSync('x');
  const all = Array.from({ length: 200 }, () => start('gzip', sent));
  for (const { body } of all) body.end();
  await Promise.all(all.map(({ body }) => new Promise<void>((resolve) => body.whenOver(resolve))));
  const read = all.filter(({ plain }) => plain() === 'x').length;
  assert.ok(read >= 64 && read < 200, `${read} were read`);
  assert.equal(await unpacked('gzip', sent), 'x');
});

test('so much is kept of all together; what is beyond is not read, and what ends makes room', async () => {
  const text = noise(150_000);
  const sent = zlib.gzipSync(text);
  const all = Array.from({ length: Math.ceil((40 * 1024 * 1024) / sent.length) }, () => start('gzip', sent));
  const ends = async ({ body, plain }: ReturnType<typeof start>) => {
    body.end();
    await new Promise<void>((resolve) => body.whenOver(resolve));
    return plain();
  };
  const [first, second] = all;
  const last = all.at(-1);
  assert.ok(first && second && last);
  assert.equal(await ends(last), '');
  assert.equal(await ends(first), text);
  assert.equal(await unpacked('gzip', sent), text);
  for (const { body } of all) body.drop();
  assert.equal(second.plain(), '');
});

test('no coding makes the first byte of JSON, so that JSON is known without a look at the headers', () => {
  for (const [coding, encode] of Object.entries(CODINGS)) {
    for (const body of ['', '{', '{}', noise(10), noise(70_000)]) {
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
