import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNginxLogFormat } from '../../../../../src/config/log-format/nginx-log-format.ts';
import { createLineParser, type LineParserOptions } from '../../../../../src/input/log/formats/line-parser.ts';
import type { LineResult } from '../../../../../src/input/log/parsed-line.ts';

function read(logFormat: string, line: string, options: Partial<LineParserOptions> = {}): LineResult {
  const clock = { nowMs: () => 0 };
  const parse = createLineParser({ format: 'nginx', logFormat, provider: 'p', clock, ...options });
  const bytes = Buffer.from(line);
  return parse(bytes, 0, bytes.length);
}

function eventOf(...given: Parameters<typeof read>) {
  const result = read(...given);
  assert.ok(typeof result === 'object', String(result));
  return result;
}

test('a log_format is the same however it is written', () => {
  const line = `10.0.0.7 "POST /v1/chat/completions HTTP/1.1" 503 it's 0.012`;
  for (const written of [
    `$remote_addr "$request" $status it's $request_time`,
    `  $remote_addr "$request" $status it's $request_time\n`,
    `'$remote_addr "$request" ' '$status it\\'s $request_time'`,
    `'$remote_addr "$request" '   # who\n      "$status it's \${request_time}";`,
    `log_format main '$remote_addr "$request" $status it\\'s $request_time';`,
    `log_format main escape=default "$remote_addr \\"$request\\" $status it's $request_time";`,
  ]) {
    const event = eventOf(written, line);
    assert.deepEqual([event.code, event.durationSeconds], [503, 0.012], written);
  }
});

test('what a value means comes from its variable, in text and in JSON', () => {
  const json = '{"response_code":"$upstream_status","duration_ms":$request_time,"s":$status,"path":"$request_uri"}';
  const event = eventOf(json, '{"response_code":"502, 200","duration_ms":1.5,"s":500,"path":"/v1/messages"}');
  assert.deepEqual([event.code, event.upstreamCode, event.durationSeconds], [500, 200, 1.5]);
  assert.equal(read(json, '{"response_code":"200","duration_ms":1.5,"s":200,"path":"/x"}'), 'filtered');
});

test('a model is found by the name of its variable, wherever it comes from', () => {
  for (const name of [
    'llm_model',
    'model',
    'http_x_model',
    'sent_http_x_llm_model',
    'upstream_http_x_model_id',
    'arg_model',
  ]) {
    assert.equal(eventOf(`$status "$${name}"`, '200 "qwen/qwen3"').model, 'qwen/qwen3', name);
    assert.equal(
      eventOf(`{"s":"$status","x":{"y":"$${name}"}}`, '{"s":"200","x":{"y":"qwen/qwen3"}}').model,
      'qwen/qwen3',
      name,
    );
  }
  assert.equal(eventOf('$status "$http_authorization"', '200 "Bearer sk-secret"').model, undefined);
});

test('in JSON a variable that nobody knows means what its key says', () => {
  const event = eventOf('{"status":$status,"model":"$m","took":"$x"}', '{"status":200,"model":"a","took":"9"}');
  assert.deepEqual([event.model, event.durationSeconds], ['a', undefined]);
});

test('JSON that nginx could not help breaking is read by its text', () => {
  const unquoted = '{"status":$status,"urt":$upstream_response_time,"us":$upstream_status}';
  const event = eventOf(unquoted, '{"status":500,"urt":0.100, 0.200,"us":502, 503}');
  assert.deepEqual([event.upstreamCode, event.durationSeconds], [503, 0.30000000000000004]);
  const withoutComma = '{"status":$status "request_time":$request_time}';
  assert.equal(eventOf(withoutComma, '{"status":500 "request_time":0.2}').durationSeconds, 0.2);
});

test('the time is the most exact one that is there', () => {
  const event = eventOf('[$time_local] $msec $status', '[02/Sep/2026:00:31:44 +0000] 1788309104.250 200');
  assert.equal(event.timeMs, 1788309104250);
});

test("the user's own choice of a field names a variable, or a key", () => {
  const fields = { model: 'arg_m' };
  assert.equal(eventOf('$status $arg_m $llm_model', '200 a b', { fields }).model, 'a');
  assert.equal(eventOf('{"s":$status,"k":"$arg_m"}', '{"s":200,"k":"a"}', { fields: { model: 'k' } }).model, 'a');
});

test('paths that are excluded are no requests, whatever is included', () => {
  const excludePaths = ['/v1/models*', '*/internal/*', '/v1/embeddings'];
  const line = (path: string) => `200 ${path}`;
  for (const include of ['llm', 'all'] as const) {
    for (const path of ['/v1/models/x/completions', '/a/internal/chat/completions', '/v1/embeddings?x=1']) {
      assert.equal(read('$status $request_uri', line(path), { include, excludePaths }), 'filtered', path);
    }
    assert.equal(eventOf('$status $request_uri', line('/v1/chat/completions'), { include, excludePaths }).code, 200);
  }
});

test('a value that is read must have something between it and its neighbour', () => {
  for (const [written, left, right] of [
    ['$remote_addr$status $foo', '$remote_addr', '$status'],
    ['$status$request_time', '$status', '$request_time'],
    ['[$time_local] $status $llm_model$foo', '$llm_model', '$foo'],
    ['{"s":"$host$status"}', '$host', '$status'],
  ] as const) {
    const fault = readNginxLogFormat(written);
    assert.equal(
      fault,
      `has nothing between ${left} and ${right}, so nobody can tell where one ends: write a space or a quote there`,
    );
  }
  const line = 'api.novita.ai/v1/chat/completions?a=1 503';
  assert.equal(eventOf('$host$uri$is_args$args $status', line).code, 503);
});
