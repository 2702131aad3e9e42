import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommand } from '../support/command.ts';
import { runCli } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

const NOT_ENOUGH = '{"code":403,"reason":"NOT_ENOUGH_BALANCE","message":"not enough balance","metadata":{}}';
const OVERLOADED = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';

/** What `explain --json` says, in short: place, code, cause, and the labels it would count under. */
async function explained(stdin: string | Buffer, ...flags: string[]) {
  const { stdout, code } = await runCommand(['explain', '--json', ...flags], { stdin });
  const items = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { code, items };
}

test('a body is told of as people read it', async (t) => {
  const file = join(await tempDir(t), 'error.json');
  await writeFile(file, NOT_ENOUGH);
  const run = runCli(t, ['explain', file, '--provider', 'novita']);
  assert.equal(await run.exit, 0, run.stderr());
  const [head, ...lines] = run.stdout().trimEnd().split('\n');
  assert.equal(head, '403 insufficient_balance');
  assert.deepEqual(
    lines.map((line) => line.slice(2, 14).trim()),
    ['meaning', 'basis', 'rule', 'answered by', 'owner', 'retry', 'caller', 'operator', 'source', 'counts as'],
  );
  assert.match(run.stdout(), /^ {2}basis {7}code: the machine code or type in the body of the answer$/m);
  assert.ok(
    run.stdout().includes('provider="novita" model="unknown" code="403" cause="insufficient_balance" stream="unknown"'),
  );
});

test('a body without a status is judged by what it says, and shows that no status is known', async () => {
  const { items } = await explained('no healthy upstream');
  assert.deepEqual([items[0].code, items[0].cause], [null, 'no_available_backend']);
});

test('flags say what a body does not: status, headers, how long it took', async () => {
  const slow = await explained(
    '',
    '--status',
    '504',
    '--duration',
    '61s',
    '--header',
    'Server: nginx',
    '--provider',
    'novita',
  );
  assert.equal(slow.items[0].code, 504);
  const long = await explained(
    '{"error":{"message":"Rate limit exceeded"}}',
    '--status',
    '429',
    '--header',
    'retry-after: 7200',
  );
  assert.deepEqual([long.items[0].cause, long.items[0].rule], ['rate_limit_daily', 'long_retry_after']);
});

test('an event stream is judged as the proxy would judge it at its end', async () => {
  const begun = 'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n';
  const cut = await explained(begun);
  assert.deepEqual([cut.items[0].code, cut.items[0].cause], [200, 'stream_interrupted']);
  const failed = await explained(`${begun}event: error\ndata: ${OVERLOADED}\n\n`);
  assert.equal(failed.items[0].cause, 'model_overloaded');
  const whole = await explained(`${begun}data: [DONE]\n\n`);
  assert.deepEqual([whole.items[0].cause, whole.items[0].labels.stream], ['none', 'true']);
});

const DUMPS: readonly (readonly [name: string, dump: string, cause: string, code: number])[] = [
  [
    'curl -i of HTTP/1.1',
    `HTTP/1.1 529 \r\ncontent-type: application/json\r\n\r\n${OVERLOADED}`,
    'model_overloaded',
    529,
  ],
  [
    'curl -i of HTTP/2 behind a proxy, after 100 Continue and a redirect with a body',
    `HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/2 307 \r\nlocation: /\r\n\r\nMoved.HTTP/2 503 \r\nserver: envoy\r\n\r\nno healthy upstream`,
    'no_available_backend',
    503,
  ],
  [
    'a dump whose line ends an editor has changed',
    `HTTP/2 403\ncontent-type: application/json\n\n${NOT_ENOUGH}\n`,
    'insufficient_balance',
    403,
  ],
];
for (const [name, dump, cause, code] of DUMPS) {
  test(`${name}: the last answer counts`, async () => {
    const { items } = await explained(dump);
    assert.deepEqual([items[0].cause, items[0].code], [cause, code]);
  });
}

test('curl -v tells the host and whether a key was sent, and its own words are not taken for the body', async () => {
  const dump = (key: string) =>
    [
      '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current',
      '*   Trying 192.0.2.1:443...',
      '> POST /openai/v1/chat/completions HTTP/2\r',
      '> Host: api.novita.ai\r',
      `${key}> accept: */*\r`,
      '> \r',
      '} [21 bytes data]',
      '< HTTP/2 401 \r',
      '< content-type: text/html\r',
      '< \r',
      '{ [80 bytes data]',
      '<html><body>\n<h1>401 Authorization Required</h1>\n</body></html>* Connection #0 to host api.novita.ai left intact',
    ].join('\n');
  const without = await explained(dump(''));
  assert.deepEqual([without.items[0].cause, without.items[0].labels.provider], ['auth_missing_key', 'novita']);
  const withKey = await explained(dump('> authorization: Bearer sk-very-secret\r\n'));
  assert.equal(withKey.items[0].cause, 'auth_invalid_key');
});

interface HarAnswer {
  readonly status: number;
  readonly text?: string;
  readonly encoding?: string;
  readonly url?: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

function harEntry({
  status,
  text = '',
  encoding,
  url = 'https://api.novita.ai/openai/v1/chat/completions',
  headers = [],
}: HarAnswer) {
  return {
    startedDateTime: '2026-01-01T00:00:00.000Z',
    time: 60_050,
    request: { method: 'POST', url, headers: [], postData: { text: '{"model":"deepseek-v3","stream":false}' } },
    response: { status, headers, content: { text, encoding } },
  };
}

test('each LLM call of a HAR file is told of; base64 and coded bodies are read, other requests left out', async () => {
  const gzipped = gzipSync(OVERLOADED).toString('base64');
  const entries = [
    harEntry({ status: 200, url: 'https://example.com/logo.png' }),
    harEntry({ status: 503, text: Buffer.from(OVERLOADED).toString('base64'), encoding: 'base64' }),
    harEntry({
      status: 503,
      text: gzipped,
      encoding: 'base64',
      headers: [{ name: 'Content-Encoding', value: 'gzip' }],
    }),
    harEntry({ status: 503, text: OVERLOADED, headers: [{ name: 'Content-Encoding', value: 'br' }] }),
    harEntry({ status: 504 }),
    harEntry({ status: 0 }),
  ];
  const { items, code } = await explained(JSON.stringify({ log: { entries } }));
  assert.deepEqual(
    items.map(({ place, cause, error }) => `${place} ${cause ?? error}`),
    [
      'entry 2 model_overloaded',
      'entry 3 model_overloaded',
      'entry 4 model_overloaded',
      'entry 5 gateway_timeout_long_generation',
      'entry 6 no_answer',
    ],
  );
  assert.deepEqual(items[0].labels, {
    ...{ provider: 'novita', model: 'deepseek-v3', code: '503', cause: 'model_overloaded', stream: 'false' },
  });
  assert.equal(code, 1);
  const one = await explained(JSON.stringify(harEntry({ status: 503, text: OVERLOADED })));
  assert.equal(one.items[0].cause, 'model_overloaded');
});

test('request log lines are told of one by one; what is no LLM request is explained only when asked for', async () => {
  const line = (fields: object) =>
    JSON.stringify({ time: '2026-01-01T00:00:00Z', method: 'POST', uri: '/v1/chat/completions', ...fields });
  const log = `${line({ status: 504, request_time: 60.1, stream: false })}\n${line({ uri: '/healthz', status: 500 })}\n\nbroken\n${line({ status: 200 })}`;
  const { items, code } = await explained(log, '--provider', 'novita');
  assert.deepEqual(
    items.map(({ place, cause, error, filtered }) => `${place} ${cause ?? error ?? (filtered && 'filtered')}`),
    ['line 1 gateway_timeout_long_generation', 'line 2 filtered', 'line 4 no_match', 'line 5 none'],
  );
  assert.equal(code, 1);
  const all = await explained(log, '--all');
  assert.equal(all.items.filter(({ cause }) => cause !== undefined).length, 3);
});

test('a log line shows its format, its fields, and the series it would be counted in', async () => {
  const line = {
    ...{ time_iso8601: '2026-09-02T00:31:44+00:00', request_uri: '/v1/chat/completions', status: 504 },
    ...{ request_time: 60.1, model: 'deepseek/deepseek-v3', stream: 'false', upstream_status: '504' },
  };
  const log = `${JSON.stringify(line)}\n`.repeat(2);
  const { items } = await explained(log, '--provider', 'novita');
  const [{ format, fields, series, labels }] = items;
  assert.match(format, /nginx/);
  assert.equal(labels.model, 'deepseek/deepseek-v3');
  assert.deepEqual([fields.code, fields.duration, fields.stream], [504, '60.1s', 'false']);
  const label = 'provider="novita",model="deepseek/deepseek-v3"';
  const histogram = `{${label},stream="false",outcome="error"`;
  assert.deepEqual(series, [
    `llm_requests_total{${label},code="504",cause="gateway_timeout_long_generation",stream="false"} +1`,
    `llm_request_duration_seconds_bucket${histogram},le="90.0"} +1`,
    `llm_request_duration_seconds_sum${histogram}} +60.1`,
    `llm_request_duration_seconds_count${histogram}} +1`,
    'llm_classifications_total{provider="novita",basis="timing"} +1',
  ]);
  const { stdout } = await runCommand(['explain'], { stdin: log });
  assert.match(stdout, /^ {2}format +nginx/m);
  assert.match(stdout, /^ {2}fields +time=2026-09-02T00:31:44\.000Z code=504 duration=60\.1s model=/m);
  assert.match(stdout, /^ {2}series +llm_requests_total\{/m);
});

test('access logs that are no JSON are told from bodies, and read in a format or log_format that is given', async () => {
  const combined =
    '10.0.0.1 - - [02/Sep/2026:00:31:44 +0000] "POST /v1/chat/completions HTTP/1.1" 503 5 "-" "curl/8.0"\n';
  const found = await explained(combined);
  assert.deepEqual([found.items[0].place, found.items[0].code], ['line 1', 503]);
  const given = await explained(combined, '--format', 'envoy');
  assert.deepEqual([given.items[0].error, given.code], ['no_match', 1]);
  assert.match(given.items[0].shape, /^0\.0\.0\.0 - - \[/);
  const own = await explained('503|POST /v1/messages HTTP/1.1|1.5\n', '--log-format', '$status|$request|$request_time');
  assert.deepEqual([own.items[0].code, own.items[0].fields.duration], [503, '1.5s']);
});

test('a single line of a known log is read as one, whatever its names are like', async () => {
  const req = { method: 'POST', url: '/v1/chat/completions' };
  const pino = { level: 30, time: 1788309104250, req, res: { statusCode: 200 }, responseTime: 1523 };
  const kong = {
    ...{ latencies: { request: 61, kong: 1, proxy: 60 }, started_at: 1788309104250, upstream_status: '503' },
    ...{
      request: { method: 'POST', uri: '/v1/chat/completions', headers: {} },
      response: { status: 503, headers: {} },
    },
  };
  const litellm = {
    ...{ call_type: 'acompletion', status: 'failure', startTime: 1788309104.2, endTime: 1788309105.2, model: 'm' },
    error_information: { error_code: '429', error_class: 'RateLimitError', error_message: 'Rate limit exceeded' },
  };
  for (const [line, code, format] of [
    [{ ...pino, msg: 'request completed' }, 200, /pino/],
    [kong, 503, /Kong/],
    [litellm, 429, /LiteLLM/],
    [span('1', { 'http.response.status_code': '503' }), 503, /OTLP/],
  ] as const) {
    for (const text of [JSON.stringify(line), JSON.stringify(line, undefined, 2)]) {
      const { items } = await explained(text);
      assert.deepEqual([items[0].place, items[0].code], ['line 1', code], text);
      assert.match(items[0].format, format);
    }
  }
});

test('each span of a line is told of, also where its first is about something else', async () => {
  const { resourceSpans: one } = span('1', { 'gen_ai.operation.name': 'invoke_agent' });
  const { resourceSpans: two } = span('2', { 'http.response.status_code': '503' });
  const { resourceSpans: three } = span('3', { 'http.response.status_code': '429' });
  const { items } = await explained(JSON.stringify({ resourceSpans: [...one, ...two, ...three] }));
  assert.deepEqual(
    items.map(({ place, code, filtered }) => `${place}: ${code ?? (filtered && 'filtered')}`),
    ['line 1, record 1: filtered', 'line 1, record 2: 503', 'line 1, record 3: 429'],
  );
});

/** One span as OpenTelemetry's collector exports it. */
function span(spanId: string, attributes: Readonly<Record<string, string>>) {
  const all = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm', ...attributes };
  const listed = Object.entries(all).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const times = { startTimeUnixNano: '1788309104250000000', endTimeUnixNano: '1788309105534000000' };
  return { resourceSpans: [{ scopeSpans: [{ spans: [{ spanId, ...times, attributes: listed }] }] }] };
}

test('a log of several formats is read line by line, as serve does', async () => {
  const combined =
    '10.0.0.1 - - [02/Sep/2026:00:31:44 +0000] "POST /v1/chat/completions HTTP/1.1" 503 5 "-" "curl/8.0"';
  const envoy =
    '[2026-09-02T00:31:44.250Z] "POST /v1/chat/completions HTTP/1.1" 504 UT 1 2 60000 - "-" "curl" "id" "h" "10.0.0.2:80"';
  const pino =
    '{"level":30,"time":1788309104250,"msg":"x","req":{"url":"/v1/messages"},"res":{"statusCode":429},"responseTime":1}';
  const json = '{"status":502,"request_time":1.5,"request_uri":"/v1/messages"}';
  const { items, code } = await explained(`${[combined, envoy, pino, json, combined].join('\n')}\n`);
  assert.deepEqual(
    items.map((item) => item.code),
    [503, 504, 429, 502, 503],
  );
  assert.equal(code, 0);
  const formats = items.map(({ format }) => format);
  for (const [index, format] of [/combined/, /Envoy/, /pino/, /nginx/, /combined/].entries()) {
    assert.match(formats[index], format);
  }
});

test('nothing that could be a secret is printed of a log line', async () => {
  const line = { uri: '/v1/chat/completions', status: 503, model: 'm', response_flags: 'sk-secret', error: 'secret' };
  const log = `${JSON.stringify({ ...line, user: 'secret' })}\n{"secret": "sk-secret", broken secret\n`;
  for (const flags of [[], ['--json']]) {
    const { stdout } = await runCommand(['explain', ...flags], { stdin: log });
    assert.match(stdout, /503/);
    assert.doesNotMatch(stdout, /secret/);
  }
});

test('a single log line is told from the body of an answer', async () => {
  const line = await explained('{"status":503,"request_time":1.5,"uri":"/v1/chat/completions"}');
  assert.equal(line.items[0].place, 'line 1');
  const body = await explained('{"status":503,"code":503,"message":"no healthy upstream","request_id":"r"}');
  assert.equal(body.items[0].place, undefined);
});

test('nothing that could be a secret is printed back', async () => {
  const secrets = ['sk-secret-key', 'secret-prompt', 'secret-path', 'secret-header', 'secret-message'];
  const request = {
    ...{ method: 'POST', url: 'https://api.novita.ai/secret-path/v1/chat/completions?key=sk-secret-key' },
    headers: [{ name: 'Authorization', value: 'Bearer sk-secret-key' }],
    postData: { text: '{"model":"m","messages":[{"role":"user","content":"secret-prompt"}]}' },
  };
  const response = {
    ...{ status: 401, headers: [{ name: 'x', value: 'secret-header' }] },
    content: {
      text: '{"error":{"message":"secret-message: Incorrect API key provided: sk-secret-key","code":"sk-secret-key"}}',
    },
  };
  const har = JSON.stringify({ log: { entries: [{ request, response, time: 1 }] } });
  const dump = `> POST /secret-path/v1/chat/completions HTTP/1.1\r\n> Host: h\r\n> Authorization: Bearer sk-secret-key\r\n> \r\n< HTTP/1.1 401 No\r\n< x: secret-header\r\n< \r\n${response.content.text}`;
  for (const input of [har, dump, response.content.text]) {
    for (const flags of [[], ['--json']]) {
      const { stdout } = await runCommand(['explain', '--header', 'x-api-key: sk-secret-key', ...flags], {
        stdin: input,
      });
      assert.match(stdout, /auth_invalid_key/);
      for (const secret of secrets) assert.ok(!stdout.includes(secret), `${secret} in ${stdout}`);
    }
  }
});

test('a header without a colon is a usage problem that does not repeat it', async (t) => {
  const run = runCli(t, ['explain', '--header', 'sk-secret-key']);
  assert.equal(await run.exit, 2);
  assert.match(run.stderr(), /a header is written 'name: value'/);
});

test('a file that is not there is named', async (t) => {
  const run = runCli(t, ['explain', 'nowhere.json']);
  assert.equal(await run.exit, 1);
  assert.match(run.stderr(), /cannot be read: ENOENT.*file=nowhere.json/);
});

test('rules of one’s own decide as they do for serve', async (t) => {
  const file = join(await tempDir(t), 'rules.yml');
  const rule = { id: 'ours', match: { status: 503 }, cause: 'gateway_overload', note: 'our gateway' };
  await writeFile(file, JSON.stringify({ rules: [rule] }));
  const { items } = await explained('busy', '--status', '503', '--rules.file', file);
  assert.deepEqual(
    [items[0].cause, items[0].basis, items[0].rule, items[0].note],
    ['gateway_overload', 'user', 'ours', 'our gateway'],
  );
});
