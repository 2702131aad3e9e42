import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { openFileLimit, roomWithin } from '../../../src/config/proxy/open-files.ts';

test('of the open files some are ours, and a connection takes two', () => {
  assert.deepEqual(roomWithin(undefined), { connections: Number.POSITIVE_INFINITY, surplus: 256 });
  assert.deepEqual(roomWithin(1_048_576), { connections: 524_128, surplus: 256 });
  assert.deepEqual(roomWithin(1024), { connections: 420, surplus: 120 });
  assert.deepEqual(roomWithin(64), { connections: 14, surplus: 4 });
  assert.deepEqual(roomWithin(3), { connections: 1, surplus: 0 });
  for (let limit = 8; limit < 100_000; limit += 997) {
    const { connections, surplus } = roomWithin(limit);
    assert.ok(2 * connections + surplus + Math.min(64, limit / 2) <= limit, String(limit));
  }
});

test('the limit is that of this process', { skip: process.platform === 'win32' }, () => {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  assert.equal(String(openFileLimit() ?? 'unlimited'), limit);
});
