import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from '../../../../src/input/log/line-splitter.ts';

const MAX_LINE_BYTES = 8;
const TOO_LONG = '<too long>';

/** A splitter that collects what it gives. */
function collect(maxLineBytes = MAX_LINE_BYTES, isSkipping = false) {
  const lines: string[] = [];
  const splitter = new LineSplitter({
    maxLineBytes,
    isSkipping,
    onLine: (bytes, start, end) => lines.push(bytes.toString('latin1', start, end)),
    onTooLong: () => lines.push(TOO_LONG),
  });
  return { lines, splitter };
}

/** What the lines are, said the slow and plain way. NULs before a line are a hole and no part of it. */
function expectedLines(text: string): string[] {
  const complete = text.split('\n').slice(0, -1);
  return complete
    .map((line) => line.replace(/^\0+/, ''))
    .map((line) => (line.length > MAX_LINE_BYTES ? TOO_LONG : line.replace(/\r$/, '')));
}

const text = fc
  .array(fc.constantFrom('a', 'b', '\n', '\n', '\r', '\0', '\xff', 'aaaaaaaaaaaa'), { maxLength: 60 })
  .map((parts) => parts.join(''));
const chunkLengths = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 100 });

function chunksOf(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (const length of lengths) {
    chunks.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return [...chunks, rest];
}

test('any chunking of the same bytes gives the same lines', () => {
  fc.assert(
    fc.property(text, chunkLengths, (content, lengths) => {
      const { lines, splitter } = collect();
      const counts = chunksOf(Buffer.from(content, 'latin1'), lengths).map((chunk) => splitter.push(chunk));
      assert.deepEqual(lines, expectedLines(content));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        lines.length,
      );
    }),
  );
});

test('a reader that uses its buffer again does not change a line that was begun', () => {
  const { lines, splitter } = collect();
  const buffer = Buffer.from('abc');
  splitter.push(buffer);
  buffer.write('xyz');
  splitter.push(Buffer.from('\n'));
  assert.deepEqual(lines, ['abc']);
});

test('memory stays within the limit, whatever comes', () => {
  fc.assert(
    fc.property(text, chunkLengths, (content, lengths) => {
      const { splitter } = collect();
      for (const chunk of chunksOf(Buffer.from(content, 'latin1'), lengths)) {
        splitter.push(chunk);
        assert.ok(splitter.heldBytes <= MAX_LINE_BYTES);
      }
    }),
  );
});

test('finishing ends the last line as a newline would, and only once', () => {
  fc.assert(
    fc.property(text, (content) => {
      const { lines, splitter } = collect();
      splitter.push(Buffer.from(content, 'latin1'));
      const isOpen = /[^\n\0][^\n]*$/.test(content);
      assert.equal(splitter.finish(), isOpen ? 1 : 0);
      assert.deepEqual(lines, expectedLines(isOpen ? `${content}\n` : content));
      assert.equal(splitter.finish(), 0);
    }),
  );
});

test('abandoning says what was left and starts afresh', () => {
  const { lines, splitter } = collect();
  assert.equal(splitter.abandon(), 'nothing');
  splitter.push(Buffer.from('ab'));
  assert.equal(splitter.abandon(), 'line');
  splitter.push(Buffer.from('too long by far'));
  assert.equal(splitter.abandon(), 'too_long');
  splitter.push(Buffer.from('cd\n'));
  assert.deepEqual(lines, ['cd']);
});

test('memory of a large line is given back when it ends', () => {
  const { splitter } = collect(1_000_000);
  splitter.push(Buffer.alloc(500_000, 'x'));
  assert.ok(splitter.heldBytes >= 500_000);
  splitter.push(Buffer.from('\n'));
  assert.equal(splitter.heldBytes, 0);
});

test('what is pending is exactly the line that was begun', () => {
  fc.assert(
    fc.property(text, chunkLengths, (content, lengths) => {
      const { splitter } = collect();
      let told = 0;
      for (const chunk of chunksOf(Buffer.from(content, 'latin1'), lengths)) {
        const before = splitter.pendingBytes;
        splitter.push(chunk);
        told += before + chunk.length - splitter.pendingBytes;
      }
      const begun = content.slice(content.lastIndexOf('\n') + 1).replace(/^\0+/, '');
      assert.equal(splitter.isSkipping, begun.length > MAX_LINE_BYTES);
      assert.equal(content.length - told, splitter.isSkipping ? 0 : begun.length);
      assert.equal(splitter.nulBytes > 0, /(^|\n)\0/.test(content));
    }),
  );
});

test('a splitter that begins inside an over-long line counts its end and reads the next', () => {
  const { lines, splitter } = collect(MAX_LINE_BYTES, true);
  assert.equal(splitter.push(Buffer.from('the end\nab\n')), 2);
  assert.deepEqual(lines, [TOO_LONG, 'ab']);
});

test('a hole longer than a line may be does not hide the first line after it', () => {
  const { lines, splitter } = collect();
  for (let chunk = 0; chunk < 3; chunk += 1) splitter.push(Buffer.alloc(100_000));
  assert.equal(splitter.heldBytes, 0);
  splitter.push(Buffer.from('\0\0ab\n'));
  assert.deepEqual(lines, ['ab']);
});
