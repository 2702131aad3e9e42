import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBoundedCopy } from '../../../../../src/input/proxy/tap/bounded-copy.ts';

test('keeps the first and the last bytes, whole while they meet, however they come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      (chunks, max) => {
        const copy = createBoundedCopy(max);
        for (const chunk of chunks) copy.push(Buffer.from(chunk));
        const all = Buffer.concat(chunks);
        const isWhole = all.length <= 2 * max;
        assert.equal(copy.isWhole(), isWhole);
        const kept = isWhole ? all : Buffer.concat([all.subarray(0, max), all.subarray(-max)]);
        assert.deepEqual(copy.bytes(), kept);
      },
    ),
  );
});
