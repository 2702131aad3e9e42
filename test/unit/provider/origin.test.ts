import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorFacts } from '../../../src/event/request-event.ts';
import { originFromHeaders, originOfAnswer } from '../../../src/provider/origin.ts';

test('headers of gateways tell who made the answer', () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string | undefined])[] = [
    [{ 'x-kong-upstream-latency': '12', 'x-kong-proxy-latency': '1' }, 'provider'],
    [{ server: 'kong/3.9.0', 'x-kong-response-latency': '1' }, 'edge'],
    [{ server: 'envoy', 'x-envoy-upstream-service-time': '40' }, 'provider'],
    [{ server: 'istio-envoy' }, 'edge'],
    [{ server: 'envoy', 'x-envoy-ratelimited': 'true' }, 'edge'],
    [{ server: 'cloudflare', 'cf-mitigated': 'challenge' }, 'edge'],
    [{ 'x-portkey-gateway-exception': 'true' }, 'edge'],
    [{ 'x-litellm-call-id': 'c', 'llm_provider-content-type': 'application/json' }, 'provider'],
    [{ server: 'awselb/2.0' }, 'edge'],
    [{ server: 'AkamaiGHost' }, 'edge'],
    [{ server: 'CloudFront' }, 'edge'],
    [{ server: 'cloudflare', 'cf-ray': '8a1b', via: '1.1 google' }, undefined],
    [{ server: 'uvicorn' }, undefined],
    [{}, undefined],
  ];
  for (const [headers, origin] of cases) assert.equal(originFromHeaders(headers), origin, JSON.stringify(headers));
  assert.equal(originFromHeaders(undefined), undefined);
});

test('pages, CDN statuses and a gateway’s bare words are not the API’s', () => {
  const cases: readonly (readonly [number, ErrorFacts['shape'], 'edge' | 'provider' | undefined, string])[] = [
    [502, 'html', 'provider', 'edge'],
    [522, 'text', undefined, 'edge'],
    [529, 'json', undefined, 'provider'],
    [504, 'text', undefined, 'edge'],
    [503, 'empty', undefined, 'edge'],
    [503, 'json', undefined, 'provider'],
    [503, 'json', 'edge', 'edge'],
    [503, 'text', 'provider', 'provider'],
    [500, 'text', undefined, 'provider'],
    [429, 'text', 'edge', 'edge'],
  ];
  for (const [status, shape, marked, origin] of cases) {
    assert.equal(originOfAnswer(status, { shape }, marked), origin, `${status} ${shape} ${marked}`);
  }
});
