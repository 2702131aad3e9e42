import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerValue, parseHeaders } from '../../../../src/provider/headers/parsed-headers.ts';

test('headers are found by their names in lower case, repeated ones as a list', () => {
  const headers = parseHeaders(['Content-Type', 'a', 'X-Twice', '1', 'x-twice', '2', 'x-TWICE', '3']);
  assert.deepEqual({ ...headers }, { 'content-type': 'a', 'x-twice': ['1', '2', '3'] });
  assert.equal(headerValue(headers, 'x-twice'), '1');
});

test('what nothing is read from is passed over, and all that something is read from is there', () => {
  const dull = ['date', 'Date', 'Content-Length', 'content-length', 'Set-Cookie', 'CF-RAY', 'cf-ray', 'Vary'];
  const read = [
    ...['content-type', 'content-encoding', 'x-request-id', 'request-id', 'retry-after', 'retry-after-ms', 'server'],
    ...['x-ms-retry-after-ms', 'x-should-retry', 'x-amzn-errortype', 'cf-mitigated', 'x-portkey-gateway-exception'],
    ...['x-kong-upstream-latency', 'x-kong-response-latency', 'x-envoy-ratelimited', 'x-envoy-overloaded'],
    ...['x-envoy-upstream-service-time', 'llm_provider-content-type', 'x-ratelimit-limit', 'ratelimit-remaining'],
    ...['anthropic-ratelimit-tokens-reset', 'x-tokenlimit-limit', 'x-ratelimitbysize-limit-minute'],
  ];
  const headers = parseHeaders([...dull, ...read].flatMap((name) => [name, '1']));
  assert.deepEqual(Object.keys(headers), read);
});
