import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressUrl, parseDuration, parseListenAddress, parseSize } from '../../../src/config/units.ts';

test('reads durations as Prometheus writes them', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['500ms', 500],
    ['60s', 60_000],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['10', undefined],
    ['', undefined],
    ['1.5s', undefined],
    ['-1s', undefined],
    ['1w', undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('reads sizes with binary units', () => {
  assert.equal(parseSize('16KiB'), 16_384);
  assert.equal(parseSize('1MiB'), 1_048_576);
  assert.equal(parseSize('10B'), 10);
  assert.equal(parseSize('1MB'), undefined);
});

test('reads listen addresses of both families and says what is wrong with others', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:8503'), { host: '127.0.0.1', port: 8503 });
  assert.deepEqual(parseListenAddress(':9503'), { port: 9503 });
  assert.deepEqual(parseListenAddress('[::1]:80'), { host: '::1', port: 80 });
  assert.equal(parseListenAddress('localhost:70000'), 'has port 70000, which is above 65535');
  assert.match(String(parseListenAddress('8503')), /is not host:port/);
  assert.match(String(parseListenAddress('::1:80')), /is not host:port/);
});

test('writes an address as a person opens it', () => {
  assert.equal(addressUrl({ host: '127.0.0.1', port: 1 }), 'http://127.0.0.1:1');
  assert.equal(addressUrl({ host: '::1', port: 2 }), 'http://[::1]:2');
  assert.equal(addressUrl({ port: 3 }), 'http://localhost:3');
});
