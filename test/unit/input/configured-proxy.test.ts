import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFileLimit, roomWithin } from '../../../src/config/proxy/open-files.ts';
import { proxySchema } from '../../../src/config/proxy/schema-proxy.ts';
import { proxySettings } from '../../../src/input/configured-proxy.ts';

test('each of several processes has its part of the connections, and one at least', () => {
  const proxy = proxySchema.parse({ upstream: 'http://127.0.0.1:9', max_connections: 10 });
  const parts = (of: number) =>
    Array.from({ length: of }, (_, index) => proxySettings(proxy, {}, { index, of }).maxConnections);
  assert.deepEqual(parts(1), [10]);
  assert.deepEqual(parts(4), [3, 3, 2, 2]);
  assert.deepEqual(parts(12), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});

test('where they are not limited, each process has its part of 20000 connections, or those that it may have open', () => {
  const proxy = proxySchema.parse({ upstream: 'http://127.0.0.1:9' });
  const room = roomWithin(openFileLimit()).connections;
  const parts = (of: number) => proxySettings(proxy, {}, { index: 0, of }).maxConnections;
  assert.equal(parts(1), Math.min(20_000, room));
  assert.equal(parts(200), Math.min(100, room));
});
