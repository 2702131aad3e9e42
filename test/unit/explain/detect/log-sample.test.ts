import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type LogSample, readLogSample, readStreamSample } from '../../../../src/explain/detect/log-sample.ts';
import { tempDir } from '../../../support/temp-dir.ts';

async function sampleOf(t: TestContext, content: string | Buffer): Promise<LogSample> {
  const file = join(await tempDir(t), 'access.log');
  await writeFile(file, content);
  return readLogSample(file);
}

/** Lines that hold their own number, from 0. */
function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${index}\n`).join('');
}

const numbersOf = ({ lines }: LogSample) => lines.map((line) => Number(line.toString().slice(5)));
const from = (first: number, length: number) => Array.from({ length }, (_, index) => first + index);

const LOGS: readonly (readonly [name: string, lines: number, sampled: readonly number[]])[] = [
  ['a short one', 3, from(0, 3)],
  ['one that just fits', 1_000, from(0, 1_000)],
  ['one that is a little longer', 1_100, from(0, 1_100)],
  ['a longer one', 5_000, [...from(0, 1_000), ...from(4_750, 250)]],
  ['a long one', 1_000_000, [...from(0, 1_000), ...from(999_750, 250)]],
];
for (const [name, lines, sampled] of LOGS) {
  test(`takes the beginning and the end of a log, no line twice: ${name}`, async (t) => {
    const sample = await sampleOf(t, numbered(lines));
    assert.deepEqual(numbersOf(sample), sampled);
    assert.equal(sample.isWhole, lines <= 1_000);
  });
}

test('takes the beginning of a gzipped log, and of one that is cut off', async (t) => {
  const zipped = gzipSync(numbered(200_000));
  for (const content of [zipped, zipped.subarray(0, 100_000)]) {
    const sample = await sampleOf(t, content);
    assert.deepEqual(numbersOf(sample), from(0, 1_000));
    assert.equal(sample.isWhole, false);
  }
  assert.deepEqual(await sampleOf(t, Buffer.from([0x1f, 0x8b, 1, 2, 3])), { lines: [], isWhole: true });
});

test('leaves a line out that is still written, and empty lines', async (t) => {
  assert.deepEqual(numbersOf(await sampleOf(t, 'line 0\n\r\n\nline 1\r\nline 2')), [0, 1]);
  assert.deepEqual(numbersOf(await sampleOf(t, 'line 0')), [0]);
  assert.deepEqual(await sampleOf(t, ''), { lines: [], isWhole: true });
});

test('does not read a line that never ends to its end', async (t) => {
  assert.deepEqual(await sampleOf(t, 'x'.repeat(9 * 1024 * 1024)), { lines: [], isWhole: false });
});

test('takes no more of a stream than it needs', async () => {
  let chunks = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        chunks += 1;
        yield Buffer.from('line 7\n'.repeat(10_000));
      }
    })(),
  );
  const sample = await readStreamSample(endless);
  assert.deepEqual([sample.lines.length, sample.isWhole], [1_000, false]);
  assert.ok(chunks < 200, `${chunks} chunks`);
});
