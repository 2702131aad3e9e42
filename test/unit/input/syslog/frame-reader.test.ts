import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../../../src/input/syslog/frame-reader.ts';

const LIMIT = 64;

interface Read {
  readonly told: string[];
  readonly reader: FrameReader;
}

function createReader(): Read {
  const told: string[] = [];
  const reader = new FrameReader({
    maxMessageBytes: LIMIT,
    onMessage: (bytes, start, end) => told.push(bytes.toString('utf8', start, end)),
    onTooLong: () => told.push('TOO LONG'),
    onInvalid: () => told.push('INVALID'),
    onLost: () => told.push('LOST'),
  });
  return { told, reader };
}

function read(...chunks: readonly (string | Buffer)[]): string[] {
  const { told, reader } = createReader();
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return told;
}

const counted = (message: string) => `${Buffer.byteLength(message)} ${message}`;
const line = (message: string) => `${message}\n`;

describe('frames of a TCP connection', () => {
  test('both framings are read, mixed', () => {
    assert.deepEqual(read(line('<1>a') + counted('<2>b\n\nb') + counted('<3>c') + line('<4>é')), [
      '<1>a',
      '<2>b\n\nb',
      '<3>c',
      '<4>é',
    ]);
  });

  test('a newline behind a counted message is no message', () => {
    assert.deepEqual(read(`${counted('<1>a')}\n${counted('<2>b')}\r\n`), ['<1>a', '<2>b']);
  });

  test('a line may begin with a number that is no length', () => {
    assert.deepEqual(read(line('10.0.0.1 - -') + line('1234567890123 x') + line('7')), [
      '10.0.0.1 - -',
      '1234567890123 x',
      '7',
    ]);
  });

  test('a message that is too long is let go, and reading goes on behind it', () => {
    const long = `<1>${'x'.repeat(LIMIT)}`;
    assert.deepEqual(read(line(long) + counted(long) + line('<2>b')), ['TOO LONG', 'TOO LONG', '<2>b']);
  });

  test('a message of exactly the limit is read', () => {
    const full = `<1>${'x'.repeat(LIMIT - 3)}`;
    assert.deepEqual(read(line(full) + counted(full)), [full, full]);
  });

  test('garbage counts once, and reading is in step behind the next newline', () => {
    assert.deepEqual(read(`\x16\x03\x01 hello <1>\n${line('<2>b')}`), ['INVALID', '<2>b']);
  });

  test('a wrong length counts once, and reading is in step behind the next newline', () => {
    assert.deepEqual(read(`12 garbage\n${counted('<2>b')}`), ['INVALID', '<2>b']);
  });

  test('a sender that is out of step for longer than a message is lost', () => {
    assert.deepEqual(read(`5 garbage${'x'.repeat(LIMIT)}`), ['INVALID', 'LOST']);
  });

  test('what follows the last newline is a message when the sender closes in good order', () => {
    for (const rest of ['<1>a', '12']) {
      const { told, reader } = createReader();
      reader.push(Buffer.from(rest));
      assert.equal(reader.finish(), 'nothing');
      assert.deepEqual(told, [rest]);
    }
  });

  test('what was begun when the connection breaks is unterminated', () => {
    const cases: readonly (readonly [rest: string, left: string])[] = [
      ['<1>a', 'unterminated'],
      ['9 <1>a', 'unterminated'],
      ['9 ', 'unterminated'],
      ['1', 'unterminated'],
      ['', 'nothing'],
      ['\n', 'nothing'],
      ['99 <1>', 'nothing'],
    ];
    for (const [rest, left] of cases) {
      const { told, reader } = createReader();
      reader.push(Buffer.from(rest));
      assert.equal(reader.abandon(), left, rest);
      assert.deepEqual(told, rest.startsWith('99') ? ['TOO LONG'] : []);
    }
  });

  test('a counted message that breaks off is unterminated, even in good order', () => {
    const { reader } = createReader();
    reader.push(Buffer.from('9 <1>a'));
    assert.equal(reader.finish(), 'unterminated');
  });

  test('any split of the bytes into chunks gives the same messages', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '<', '1', ' ', '9', 'é', '\n', '\0', '\x16'),
      maxLength: LIMIT + 20,
    });
    const message = fc
      .string({ unit: fc.constantFrom('a', '<', '1', ' ', 'é'), maxLength: LIMIT + 20 })
      .map((rest) => `<1>${rest}`);
    const piece = fc.oneof(
      { weight: 3, arbitrary: message.map(line) },
      { weight: 3, arbitrary: message.map(counted) },
      text,
    );
    const split = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), split, (pieces, sizes) => {
        const bytes = Buffer.from(pieces.join(''));
        const whole = createReader();
        whole.reader.push(bytes);
        const inChunks = createReader();
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = 1 + (sizes[turn % sizes.length] ?? 0);
          inChunks.reader.push(bytes.subarray(at, at + size));
          at += size;
        }
        assert.equal(inChunks.reader.finish(), whole.reader.finish());
        // When a lost connection is closed depends on where its chunks end.
        const messages = ({ told }: Read) => told.filter((word) => word !== 'LOST');
        assert.deepEqual(messages(inChunks), messages(whole));
      }),
      { numRuns: 3000 },
    );
  });
});
