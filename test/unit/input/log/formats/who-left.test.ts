import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../../../src/classify/catalogue.ts';
import { classify } from '../../../../../src/classify/classify.ts';
import type { LineFormat } from '../../../../../src/config/schema-lines.ts';
import { createLineParser } from '../../../../../src/input/log/formats/line-parser.ts';

const catalogue = loadCatalogue();

/** `503 cause origin`, or why there is no request. Read twice, as the first line of its kind is read and as a known one. */
function told(format: LineFormat, line: string): string {
  const parse = createLineParser({ format, provider: 'p', clock: { nowMs: () => 0 } });
  const bytes = Buffer.from(line);
  const [first, second] = [0, 1].map(() => {
    const result = parse(bytes, 0, bytes.length);
    return typeof result === 'string'
      ? result
      : `${result.code} ${classify(result, catalogue).cause} ${result.origin ?? '-'}`;
  });
  assert.equal(second, first);
  return first ?? '';
}

const envoyJson = (fields: Readonly<Record<string, unknown>>) =>
  told(
    'envoy-json',
    JSON.stringify({
      start_time: '2026-09-02T00:31:44.250Z',
      ...{ method: 'POST', path: '/v1/chat/completions', protocol: 'HTTP/1.1', response_code: 0, response_flags: '-' },
      ...fields,
    }),
  );

test('a TCP connection in a JSON log of Envoy is no request', () => {
  const tcp = { method: null, path: null, protocol: null };
  assert.equal(envoyJson(tcp), 'filtered');
  assert.equal(envoyJson({ ...tcp, response_flags: 'UF,URX' }), 'filtered');
});

test('no answer from Envoy is a client that left only where nothing else is told', () => {
  const cases: readonly (readonly [string | null, string])[] = [
    ['-', '499 client_aborted client'],
    [null, '499 client_aborted client'],
    ['DC', '499 client_aborted client'],
    ['UF,DC', '499 client_aborted client'],
    ['UF,URX', '503 upstream_unreachable -'],
    ['UT', '504 upstream_timeout -'],
    ['UPE', '502 upstream_bad_response -'],
    ['UH', '503 no_available_backend -'],
    ['UO', '503 gateway_overload -'],
    ['RL', '429 rate_limit_unspecified edge'],
  ];
  for (const [response_flags, wanted] of cases)
    assert.equal(envoyJson({ response_flags }), wanted, `${response_flags}`);
  const text = (flags: string) =>
    `[2026-09-02T00:31:44.250Z] "POST /v1/chat/completions HTTP/1.1" 0 ${flags} 512 0 7012 - "-" "a" "id" "llm" "10.1.0.1:8000"`;
  assert.equal(told('envoy', text('UF,URX')), '503 upstream_unreachable -');
  assert.equal(told('envoy', text('DC')), '499 client_aborted client');
});

test('a client that left during its answer is 499, whatever status was on its way', () => {
  for (const response_code of [200, 503, 0]) {
    assert.equal(envoyJson({ response_code, response_flags: 'DC' }), '499 client_aborted client');
  }
  assert.equal(told('json', '{"status":200,"termination_state":"CD--"}'), '499 client_aborted client');
  assert.equal(told('json', '{"status":200,"termination_state":"SD--"}'), '200 stream_interrupted -');
});

const haproxy = (server: string, status: number, state: string) =>
  told(
    'haproxy',
    `10.0.0.7:34557 [02/Sep/2026:00:31:48.100] https~ llm/${server} 0/0/1/-1/7012 ${status} 0 - - ${state} 1/1/1/1/0 0/0 "POST /v1/chat/completions HTTP/1.1"`,
  );

test('each state of HAProxy in which the client ended the session is 499', () => {
  for (const state of ['CC--', 'CQ--', 'CR--', 'CH--', 'CHVN', 'CD--', 'CL--', 'cD--', 'cH--', 'cQ--']) {
    for (const status of [-1, 200, 400, 503, 504]) {
      assert.equal(haproxy('api1', status, state), '499 client_aborted client', `${status} ${state}`);
    }
  }
  assert.equal(haproxy('api1', 408, 'cR--'), '408 client_aborted -');
});

test('a client that left while it waited for a server is no lack of servers', () => {
  for (const state of ['CQ--', 'cQ--', 'CC--', 'CR--']) {
    assert.equal(haproxy('<NOSRV>', 503, state), '499 client_aborted client');
  }
  assert.equal(haproxy('<NOSRV>', 503, 'SC--'), '503 no_available_backend edge');
});

test('what AWS WAF rejected was blocked, what it let pass was not', () => {
  const alb = (target: string, targetCode: string, actions: string) =>
    told(
      'alb',
      `https 2026-09-02T00:31:46.186641Z app/llm/50 10.0.0.7:2819 ${target} -1 -1 -1 403 ${targetCode} 512 190 "POST https://llm.example:443/v1/chat/completions HTTP/1.1" "py" - - arn:aws:e "Root=1-5" "-" "-" 0 2026-09-02T00:31:46.185000Z "${actions}" "-" "-" "-" "-" "-" "-"`,
    );
  assert.equal(alb('-', '-', 'waf'), '403 blocked_by_waf edge');
  assert.equal(alb('-', '-', 'authenticate,waf'), '403 blocked_by_waf edge');
  assert.equal(alb('10.1.0.1:80', '403', 'waf,forward'), '403 permission_denied -');
});

test('a failing authorization service is no refusal, and both answers are of the gateway itself', () => {
  const denied = (response_code: number, response_code_details: string) =>
    envoyJson({ response_code, response_flags: 'UAEX', response_code_details });
  assert.equal(denied(401, 'ext_authz_denied'), '401 auth_invalid_key edge');
  assert.equal(denied(403, 'ext_authz_denied'), '403 permission_denied edge');
  assert.equal(denied(403, 'ext_authz_error'), '403 downstream_dependency_failure edge');
  assert.equal(denied(503, 'ext_authz_denied'), '503 downstream_dependency_failure edge');
  assert.equal(envoyJson({ response_code: 429, response_flags: 'RL' }), '429 rate_limit_unspecified edge');
});
