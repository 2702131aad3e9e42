import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headersForClient, headersForUpstream } from '../../../../src/input/proxy/headers.ts';
import { processorMs } from '../../../support/processor-time.ts';

test('what belongs to one connection stays there, all else keeps order, case and repetition', () => {
  const raw = [
    'Host',
    'a',
    'X-One',
    '1',
    'Connection',
    'keep-alive, X-Secret-Hop',
    'x-secret-hop',
    'gone',
    'x-one',
    '2',
  ];
  raw.push(
    'TE',
    'trailers',
    'Upgrade',
    'h2c',
    'Keep-Alive',
    'timeout=1',
    'Proxy-Connection',
    'x',
    'Expect',
    '100-continue',
  );
  raw.push('Transfer-Encoding', 'chunked', 'Authorization', 'Bearer k');
  assert.deepEqual(headersForUpstream(raw, 'api.example'), [
    'host',
    'api.example',
    'X-One',
    '1',
    'x-one',
    '2',
    'Authorization',
    'Bearer k',
  ]);
});

test('answers keep their bytes, and headers that Connection names on any of its lines are dropped', () => {
  const raw = ['Connection', 'close', 'connection', 'X-A', 'x-a', '1', 'X-B', 'caf\u00e9'];
  assert.deepEqual(headersForClient(raw), ['X-B', 'caf\u00e9']);
});

test('thousands of names in Connection cost no more than their length', () => {
  const names = Array.from({ length: 80_000 }, (_, at) => `x-${String(at).padStart(6, '0')}`);
  const lines = Array.from({ length: 8 }, (_, at) => names.slice(at * 10_000, (at + 1) * 10_000).join(', '));
  const raw = [...lines.flatMap((line) => ['Connection', line]), 'X-079999', 'a', 'X-080000', 'b', 'x-000000', 'c'];
  const took = processorMs(() => assert.deepEqual(headersForClient(raw), ['X-080000', 'b']));
  // The square of it takes tens of seconds.
  assert.ok(took < 5000, `${took} ms`);
});
