import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createBoundedCopy } from '../../../../../src/input/proxy/tap/bounded-copy.ts';
import { createSseSplitter } from '../../../../../src/input/proxy/tap/sse.ts';

setFlagsFromString('--expose-gc');
// The flag has just defined it.
const collect = runInNewContext('gc') as () => void;
const MiB = 1024 * 1024;

/** Bytes that are held after `fill` beyond those before. */
function heldAfter(fill: () => unknown): number {
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const kept = fill();
  const held = used() - before;
  assert.ok(kept !== undefined);
  return held;
}

const ONE = Buffer.from('x');

test('a line that comes byte by byte costs little more than its bytes', () => {
  const held = heldAfter(() => {
    const splitter = createSseSplitter({ onFrame: () => undefined });
    for (let sent = 0; sent < MiB; sent += 1) splitter.push(ONE);
    return splitter;
  });
  assert.ok(held < 4 * MiB, `${held} bytes are held`);
});

test('a frame of empty data lines costs little more than the bound of a frame', () => {
  const lines = Buffer.from('data\n'.repeat(200_000));
  const held = heldAfter(() => {
    const splitter = createSseSplitter({ onFrame: () => undefined });
    splitter.push(lines);
    return splitter;
  });
  assert.ok(held < 4 * MiB, `${held} bytes are held`);
});

test('a copy of a body that comes byte by byte costs little more than its bound', () => {
  const held = heldAfter(() => {
    const copy = createBoundedCopy(MiB / 2);
    for (let sent = 0; sent < 2 * MiB; sent += 1) copy.push(ONE);
    return copy;
  });
  assert.ok(held < 4 * MiB, `${held} bytes are held`);
});
