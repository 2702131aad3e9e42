import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { all, type BothWays, failureOf, plainHeaders, startBothWays } from '../support/both-ways.ts';
import { eventually } from '../support/eventually.ts';
import { holdTimers } from '../support/held-timers.ts';

const MODEL = 'deepseek/deepseek-v3';
const messages = [{ role: 'user' as const, content: 'hello' }];

test('the openai client works through the sidecar as it does without', async (t) => {
  const both = await startBothWays(t);
  await t.test('whole answers, with their headers', () => wholeAnswers(both));
  await t.test('streams of both APIs', () => streams(both));
  await t.test('compressed answers', () => packed(both));
  await t.test('tools, streamed and not', () => tools(both));
  await t.test('uploads, small and large', () => uploads(both));
  await t.test('an error class for each status', () => errorClasses(both));
  await t.test('what the API says of its errors', () => apiErrors(both));
  await t.test('errors inside a stream, and streams that break', () => brokenStreams(both));
  await t.test('its own retries are requests of their own', () => retries(both));
  await t.test('every request is counted by the code that the client saw', async () => {
    assert.equal((await both.counted())['499'], undefined);
  });
  await t.test('aborts and timeouts', (st) => aborts(st, both));
  await t.test('what the client left is counted as that', async () => {
    assert.equal((await both.counted())['499'], 3);
  });
  await t.test('a reset before the headers is an answer that says so', () => resets(both));
});

function connect(baseUrl: string, options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI {
  return new OpenAI({ apiKey: 'k', baseURL: `${baseUrl}/v1`, maxRetries: 0, ...options });
}

async function wholeAnswers(both: BothWays): Promise<void> {
  const result = await both.same(async (url) => {
    const client = connect(url);
    const chat = await client.chat.completions.create({ model: MODEL, messages, max_tokens: 5 }).withResponse();
    return {
      chat: chat.data,
      headers: plainHeaders(chat.response.headers),
      completion: await client.completions.create({ model: MODEL, prompt: 'hello', max_tokens: 3 }),
      embeddings: await client.embeddings.create({ model: MODEL, input: ['a', 'b'] }),
      response: await client.responses.create({ model: MODEL, input: 'hello', max_output_tokens: 4 }),
      models: (await client.models.list()).data,
    };
  });
  assert.equal(result.chat.choices[0]?.message.content?.split(' ').length, 5);
  assert.equal(result.headers['content-type'], 'application/json');
  assert.equal(result.embeddings.data.length, 2);
  assert.equal(result.response.output_text.split(' ').length, 4);
}

async function streams(both: BothWays): Promise<void> {
  const { chunks, events } = await both.same(async (url) => {
    const client = connect(url);
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const stream = await client.chat.completions.create({ model: MODEL, messages, max_tokens: 30, ...options });
    return {
      chunks: await all(stream),
      events: await all(client.responses.stream({ model: MODEL, input: 'hello', max_output_tokens: 30 })),
    };
  });
  assert.equal(chunks.filter(({ choices }) => choices[0]?.delta.content).length, 30);
  assert.equal(chunks.at(-1)?.usage?.completion_tokens, 30);
  assert.equal(events.at(-1)?.type, 'response.completed');
}

async function packed(both: BothWays): Promise<void> {
  const { whole, streamed } = await both.same(async (url) => {
    const client = connect(`${url}/packed`);
    const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true });
    return {
      whole: await client.chat.completions.create({ model: MODEL, messages }),
      streamed: await all(stream),
    };
  });
  assert.equal(whole.choices[0]?.finish_reason, 'tool_calls');
  assert.equal(streamed.at(-1)?.choices[0]?.finish_reason, 'tool_calls');
}

async function tools(both: BothWays): Promise<void> {
  const results = await both.same(async (url) => {
    const client = connect(`${url}/tools`);
    const asked: unknown[] = [];
    const weather = {
      type: 'function' as const,
      function: {
        name: 'weather',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
        description: 'tells the weather',
        parse: (text: string): object => JSON.parse(text),
        function: (input: object) => {
          asked.push(input);
          return 'sunny';
        },
      },
    };
    const whole = await client.chat.completions.runTools({ model: MODEL, messages, tools: [weather] }).finalContent();
    const runner = client.chat.completions.runTools({ model: MODEL, messages, tools: [weather], stream: true });
    return { whole, streamed: await runner.finalContent(), asked };
  });
  assert.deepEqual(results, {
    whole: 'the tool has spoken',
    streamed: 'the tool has spoken',
    asked: [{ city: 'Paris' }, { city: 'Paris' }],
  });
}

async function uploads(both: BothWays): Promise<void> {
  const large = Buffer.alloc(5_000_000, 'a line of a batch\n');
  const { file, speech } = await both.same(async (url) => {
    const client = connect(url);
    const file = await client.files.create({ file: await toFile(large, 'batch.jsonl'), purpose: 'batch' });
    const audio = await toFile(Buffer.from('RIFF'), 'speech.wav', { type: 'audio/wav' });
    const { text: speech } = await client.audio.transcriptions.create({ model: 'whisper-1', file: audio });
    return { file, speech };
  });
  assert.match(JSON.stringify(file), /batch\.jsonl application\/octet-stream 5000000 [0-9a-f]{64}/);
  assert.match(speech, /"model":"whisper-1","file":"speech\.wav audio\/wav 4 [0-9a-f]{64}"/);
}

async function errorClasses(both: BothWays): Promise<void> {
  const statuses = [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 501, 502, 503, 504, 529];
  const failures = await both.same((url) =>
    Promise.all(
      statuses.map((status) => {
        const client = connect(url, { defaultHeaders: { 'x-answer-status': String(status) } });
        return failureOf(() => client.chat.completions.create({ model: MODEL, messages }));
      }),
    ),
  );
  assert.deepEqual(
    failures.map(({ class: name }) => name),
    [
      ...['BadRequestError', 'AuthenticationError', 'APIError', 'PermissionDeniedError', 'NotFoundError'],
      ...['APIError', 'ConflictError', 'APIError', 'APIError', 'UnprocessableEntityError', 'RateLimitError'],
      ...Array.from({ length: 6 }, () => 'InternalServerError'),
    ],
  );
  assert.deepEqual(
    failures.map(({ status }) => status),
    statuses,
  );
  assert.ok(failures.every(({ status, headers }) => headers['x-request-id'] === `id-${status}`));
}

/** Error bodies of every kind: OpenAI's and Novita's JSON, plain text, pages. */
async function apiErrors(both: BothWays): Promise<void> {
  const causes = [
    'invalid_request',
    'auth_missing_key',
    'rate_limit_rpm',
    'surge_protection',
    'no_available_backend',
    'blocked_by_waf',
  ];
  const failures = await both.same((url) =>
    Promise.all(
      causes.map((cause) => {
        const client = connect(url, { defaultHeaders: { 'x-simulate-cause': cause } });
        return failureOf(() => client.chat.completions.create({ model: MODEL, messages }));
      }),
    ),
  );
  assert.deepEqual(
    failures.map(({ status }) => status),
    [400, 401, 429, 503, 503, 403],
  );
  assert.equal(failures[2]?.headers['retry-after'], '1');
  assert.equal(failures[3]?.code, 'slow_down');
}

async function brokenStreams(both: BothWays): Promise<void> {
  for (const cause of ['model_overloaded,afterTokens=2', 'stream_interrupted']) {
    const { words, failure } = await both.same(async (url) => {
      const client = connect(url, { defaultHeaders: { 'x-simulate-cause': cause } });
      const words: unknown[] = [];
      const failure = await failureOf(async () => {
        const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true });
        for await (const { choices } of stream) words.push(choices[0]?.delta.content);
      });
      return { words, failure };
    });
    assert.equal(words.length, cause === 'stream_interrupted' ? 4 : 3);
    assert.match(failure.message, cause === 'stream_interrupted' ? /terminated/ : /overloaded/);
  }
}

async function retries(both: BothWays): Promise<void> {
  const requests = await both.same(async (url) => {
    const before = both.api.requests();
    const client = connect(url, { maxRetries: 2, defaultHeaders: { 'x-fails-once': url } });
    await client.chat.completions.create({ model: MODEL, messages, max_tokens: 5 });
    return both.api.requests() - before;
  });
  assert.equal(requests, 2);
}

async function aborts(t: TestContext, both: BothWays): Promise<void> {
  const timers = holdTimers(t);
  const left = () => both.api.answered()['499'] ?? 0;
  const failures = await both.same(async (url) => {
    const leftBefore = left();
    const slow = connect(`${url}/slow`);
    const stream = await slow.chat.completions.create({ model: MODEL, messages, max_tokens: 1000, stream: true });
    for await (const _ of stream) stream.controller.abort();
    const abort = new AbortController();
    const silent = connect(url, { defaultHeaders: { 'x-simulate-cause': 'client_aborted' } });
    const requests = both.api.requests();
    const aborted = failureOf(() =>
      silent.chat.completions.create({ model: MODEL, messages }, { signal: abort.signal }),
    );
    await eventually(() => assert.equal(both.api.requests(), requests + 1));
    abort.abort();
    const late = connect(url, { timeout: timers.delayMs, defaultHeaders: { 'x-simulate-cause': 'client_aborted' } });
    const timedOut = failureOf(() => late.chat.completions.create({ model: MODEL, messages }));
    await eventually(() => assert.equal(both.api.requests(), requests + 2));
    timers.pass();
    const failures = [await aborted, await timedOut].map(({ class: name }) => name);
    // The API hears of it, sidecar or not: it stops working for nobody.
    await eventually(() => assert.equal(left(), leftBefore + 3));
    return failures;
  });
  assert.deepEqual(failures, ['APIUserAbortError', 'APIConnectionTimeoutError']);
}

/** The one difference: the client has a connection to the sidecar, which is not the one that broke. It retries either, as it should. */
async function resets(both: BothWays): Promise<void> {
  const reset = (url: string) => {
    const client = connect(url, { defaultHeaders: { 'x-simulate-cause': 'upstream_bad_response' } });
    return failureOf(() => client.chat.completions.create({ model: MODEL, messages }));
  };
  assert.equal((await reset(both.api.url)).class, 'APIConnectionError');
  const through = await reset(both.sidecar);
  assert.deepEqual([through.class, through.status, through.code], ['InternalServerError', 502, 'ECONNRESET']);
  assert.equal(through.headers['x-llm-exporter-origin'], 'exporter');
}
