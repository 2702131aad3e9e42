import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LineFormat } from '../../../../../src/config/schema-lines.ts';
import { REJECT_REASONS } from '../../../../../src/event/sink.ts';
import { createLineParser, type LineParserOptions } from '../../../../../src/input/log/formats/line-parser.ts';
import type { LineResult } from '../../../../../src/input/log/parsed-line.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

const GOLDEN = new URL('../../../../fixtures/logs/', import.meta.url);

/** Golden logs, by the format they are read as: `NAME.lines` gives `NAME.events`. `nginx-made` was written by nginx 1.22 itself. */
const GOLDEN_LOGS: readonly (readonly [string, LineFormat])[] = [
  ['nginx-json', 'nginx-json'],
  ['nginx-made', 'nginx-json'],
  ['json', 'json'],
  ['mixed', 'auto'],
];

function parserOf(options: Partial<LineParserOptions> = {}): (line: string) => LineResult {
  const parse = createLineParser({ format: 'auto', provider: 'novita', clock: createManualClock(0), ...options });
  return (line) => {
    // Other bytes around it, as in a reader's buffer: a parser must keep to its line.
    const bytes = Buffer.from(`}x{${line}}"x`);
    return parse(bytes, 3, bytes.length - 3);
  };
}

for (const [name, format] of GOLDEN_LOGS) {
  test(`${name}.lines gives the events written beside it`, () => {
    const parse = parserOf({ format });
    const lines = readFileSync(new URL(`${name}.lines`, GOLDEN), 'utf8')
      .trimEnd()
      .split('\n');
    const events = `${lines.map((line) => JSON.stringify(parse(line))).join('\n')}\n`;
    const golden = new URL(`${name}.events`, GOLDEN);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, events);
    assert.equal(events, readFileSync(golden, 'utf8'));
  });
}

function eventOf(line: unknown, options: Partial<LineParserOptions> = {}) {
  const result = parserOf(options)(JSON.stringify(line));
  assert.equal(typeof result, 'object', `rejected: ${String(result)}`);
  // Safe: the other results are strings.
  return result as Exclude<LineResult, string>;
}

test('chosen fields are looked for only where the user says; the others under their usual names', () => {
  const fields = { code: 'answer.http', duration: 'answer.took' };
  const event = eventOf(
    { status: 200, answer: { http: '503', took: 1500 }, model: 'm' },
    { fields, durationUnit: 'ms' },
  );
  assert.equal(event.code, 503);
  assert.equal(event.durationSeconds, 1.5);
  assert.equal(event.model, 'm');
  assert.equal(parserOf({ fields })('{"status":200}'), 'missing_code');
});

test('a key that holds dots and a path through objects are both found', () => {
  assert.equal(eventOf({ status: 200, 'gen_ai.request.model': 'a' }).model, 'a');
  assert.equal(eventOf({ status: 200, gen_ai: { request: { model: 'b' } } }).model, 'b');
});

test('the unit of a duration comes from its name unless it is configured', () => {
  assert.equal(eventOf({ status: 200, request_time: '0.250' }).durationSeconds, 0.25);
  assert.equal(eventOf({ status: 200, duration_ms: 250 }).durationSeconds, 0.25);
  assert.equal(eventOf({ res: { statusCode: 200 }, responseTime: 250 }).durationSeconds, 0.25);
  assert.equal(eventOf({ status: 200, duration: 250_000_000 }, { durationUnit: 'ns' }).durationSeconds, 0.25);
});

test('an unknown duration is absent, what is no span of time rejects the line', () => {
  assert.equal(eventOf({ status: 200, request_time: '-' }).durationSeconds, undefined);
  assert.equal(eventOf({ status: 200, request_time: -1 }).durationSeconds, undefined);
  assert.equal(eventOf({ status: 200, request_time: '1m2.5s' }).durationSeconds, 62.5);
  assert.equal(eventOf({ status: 200, request_time: '3 parsecs' }).durationSeconds, undefined);
  for (const wrong of ['"soon"', '[1]', '{}', '{"toString":1,"valueOf":1}', '1e999', '1784000000']) {
    assert.equal(parserOf()(`{"status":200,"request_time":${wrong}}`), 'invalid_duration', wrong);
  }
});

test('a line without a time is as old as its reading', () => {
  assert.equal(eventOf({ status: 200 }, { clock: createManualClock(1234) }).timeMs, 1234);
});

for (const code of [99, 600, 200.5, '2xx', '0', '000', -503, 1e9, true, {}]) {
  test(`${JSON.stringify(code)} is no status code`, () => {
    assert.equal(parserOf()(JSON.stringify({ status: code })), 'invalid_code');
  });
}

test('lines of other paths and of CORS preflights are filtered unless everything is a request', () => {
  const others = [
    { status: 200, request_uri: '/healthz' },
    { status: 200, request: 'GET /v1/models?x=/v1/chat/completions HTTP/1.1' },
    { status: 204, request_method: 'OPTIONS', request_uri: '/v1/chat/completions' },
    { status: 204, request: 'OPTIONS /v1/chat/completions HTTP/1.1' },
    { status: 'broken', uri: '/favicon.ico' },
  ];
  for (const line of others) assert.equal(parserOf()(JSON.stringify(line)), 'filtered');
  assert.equal(eventOf(others[0], { include: 'all' }).code, 200);
});

test('lines of an LLM path, however written, and lines without a path are requests', () => {
  for (const path of [
    { request_uri: '/v3/openai/chat/completions?stream=true' },
    { request: 'POST /v1/messages HTTP/2.0' },
    { uri: 'https://api.novita.ai/openai/v1/embeddings' },
    { req: { method: 'POST', url: '/v1/completions' } },
    {},
  ]) {
    assert.equal(eventOf({ status: 200, ...path }).code, 200);
  }
});

test('the paths that are remembered stay right when there are more of them than are remembered', () => {
  const parse = parserOf();
  for (let turn = 0; turn < 5000; turn += 1) {
    assert.equal(parse(`{"status":200,"uri":"/scan/${turn}"}`), 'filtered');
  }
  assert.equal(typeof parse('{"status":200,"uri":"/v1/chat/completions"}'), 'object');
});

test('an error message is cut, and an id that is no id is left out', () => {
  const event = eventOf({ status: 500, error_message: 'x'.repeat(100_000), request_id: 'a b\n' });
  assert.equal(event.error?.message?.length, 4096);
  assert.equal(event.requestId, undefined);
  assert.equal(eventOf({ status: 200, request_id: 'r'.repeat(129) }).requestId, undefined);
});

test('a quote that nginx wrote as \\x22 does not lose the line', () => {
  const event = parserOf()('{"status":503,"http_user_agent":"a\\x22b","model":"m"}');
  assert.equal(typeof event === 'object' && event.model, 'm');
});

for (const [written, model] of [
  ['deepseek\\/deepseek-v3', 'deepseek/deepseek-v3'],
  ['\\u0071wen', 'qwen'],
  ['a\\"b', 'a"b'],
  ['local\\models', 'local\\models'],
  ['cut\\', 'cut\\'],
  ['plain/model', 'plain/model'],
] as const) {
  test(`a model that a gateway logs as ${written} is ${model}`, () => {
    assert.equal(eventOf({ status: 200, model: written }).model, model);
  });
}

test('an answer that nginx made because it got no connection says so', () => {
  const made = { status: 502, upstream_status: '502', upstream_header_time: '-' };
  const unreachable = eventOf({ ...made, upstream_connect_time: '-' });
  assert.equal(unreachable.origin, 'network');
  assert.equal(unreachable.phase, 'connect');
  const lastOfTwo = { ...made, status: 504, upstream_status: '502, 504', upstream_connect_time: '0.001, -' };
  assert.equal(eventOf(lastOfTwo).phase, 'connect');
});

test('an answer that nginx made although it was connected, or without trying, is its own', () => {
  const made = { status: 502, upstream_status: '502', upstream_header_time: '-' };
  for (const line of [
    { ...made, upstream_connect_time: '0.001' },
    { ...made, upstream_status: '502, 502', upstream_connect_time: '-, 0.001' },
    { ...made, upstream_status: '', upstream_connect_time: '' },
    { ...made, upstream_status: '-', upstream_connect_time: '-' },
    made,
  ]) {
    assert.equal(eventOf(line).origin, 'edge', JSON.stringify(line));
    assert.equal(eventOf(line).phase, undefined);
  }
  const refused = { status: 503, upstream_status: '', upstream_header_time: '', upstream_connect_time: '' };
  assert.equal(eventOf(refused).origin, 'edge');
});

test('a byte order mark before a line is no part of it', () => {
  const result = parserOf()('\ufeff{"status":200,"model":"m"}');
  assert.equal(typeof result === 'object' && result.model, 'm');
  assert.equal(parserOf({ format: 'json' })('\ufeff'), 'invalid_json');
  assert.equal(parserOf()('\ufeff'), 'no_match');
});

test('objects that would not turn into text are only odd values', () => {
  const odd = { toString: 1, valueOf: 1 };
  const line = {
    status: 200,
    upstream_status: odd,
    model: odd,
    request: odd,
    error: odd,
    request_id: odd,
    stream: odd,
  };
  assert.equal(eventOf(line).model, undefined);
  assert.equal(parserOf()(JSON.stringify({ status: odd })), 'invalid_code');
  assert.equal(parserOf()(JSON.stringify({ status: 200, time: odd })), 'invalid_time');
});

test('nothing that JSON can say makes the parser throw or answer outside its set', () => {
  const parse = parserOf();
  const key = fc.constantFrom(
    'status',
    'time',
    'request_time',
    'model',
    'request',
    'upstream_status',
    'usage',
    'res',
    '__proto__',
    'error',
  );
  const line = fc.oneof(
    fc.json(),
    fc.dictionary(key, fc.jsonValue()).map((object) => JSON.stringify(object)),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(line, (content) => {
      const result = parse(content);
      if (typeof result === 'string') assert.ok(result === 'filtered' || REJECT_REASONS.includes(result));
      else assert.ok(Number.isFinite(result.timeMs) && result.code >= 100 && result.code <= 599);
    }),
    { numRuns: 1000 },
  );
});
