import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { all, type BothWays, failureOf, plainHeaders, startBothWays } from '../support/both-ways.ts';
import { eventually } from '../support/eventually.ts';
import { holdTimers } from '../support/held-timers.ts';

const MODEL = 'claude';
const messages = [{ role: 'user' as const, content: 'hello' }];
const ask = { model: MODEL, messages, max_tokens: 30 };

test('the anthropic client works through the sidecar as it does without', async (t) => {
  const both = await startBothWays(t);
  await t.test('whole answers, with their headers', () => wholeAnswers(both));
  await t.test('streams', () => streams(both));
  await t.test('compressed answers', () => packed(both));
  await t.test('tools, streamed and not', () => tools(both));
  await t.test('uploads', () => uploads(both));
  await t.test('an error class for each status', () => errorClasses(both));
  await t.test('errors inside a stream, and streams that break', () => brokenStreams(both));
  await t.test('its own retries are requests of their own', () => retries(both));
  await t.test('every request is counted by the code that the client saw', async () => {
    assert.equal((await both.counted())['499'], undefined);
  });
  await t.test('aborts and timeouts', (st) => aborts(st, both));
  await t.test('what the client left is counted as that', async () => {
    assert.equal((await both.counted())['499'], 3);
  });
});

function connect(baseUrl: string, options: ConstructorParameters<typeof Anthropic>[0] = {}): Anthropic {
  return new Anthropic({ apiKey: 'k', baseURL: baseUrl, maxRetries: 0, ...options });
}

async function wholeAnswers(both: BothWays): Promise<void> {
  const { data, headers } = await both.same(async (url) => {
    const { data, response } = await connect(url).messages.create(ask).withResponse();
    return { data, headers: plainHeaders(response.headers) };
  });
  assert.equal(data.usage.output_tokens, 30);
  assert.equal(headers['content-type'], 'application/json');
}

async function streams(both: BothWays): Promise<void> {
  const { events, message } = await both.same(async (url) => {
    const client = connect(url);
    const stream = await client.messages.create({ ...ask, stream: true });
    return { events: await all(stream), message: await client.messages.stream(ask).finalMessage() };
  });
  assert.equal(events.filter(({ type }) => type === 'content_block_delta').length, 30);
  assert.equal(events.at(-1)?.type, 'message_stop');
  assert.equal(message.usage.output_tokens, 30);
}

async function packed(both: BothWays): Promise<void> {
  const reasons = await both.same(async (url) => {
    const client = connect(`${url}/packed`);
    const whole = await client.messages.create(ask);
    return [whole.stop_reason, (await client.messages.stream(ask).finalMessage()).stop_reason];
  });
  assert.deepEqual(reasons, ['tool_use', 'tool_use']);
}

async function tools(both: BothWays): Promise<void> {
  const results = await both.same(async (url) => {
    const client = connect(`${url}/tools`);
    const asked: unknown[] = [];
    const weather = {
      name: 'weather',
      input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
      parse: (input: unknown) => input,
      run: (input: unknown) => {
        asked.push(input);
        return 'sunny';
      },
    };
    const said = [];
    for (const stream of [false, true]) {
      said.push((await client.beta.messages.toolRunner({ ...ask, tools: [weather], stream }).runUntilDone()).content);
    }
    return { said, asked };
  });
  const said = [{ type: 'text', text: 'the tool has spoken' }];
  assert.deepEqual(results, { said: [said, said], asked: [{ city: 'Paris' }, { city: 'Paris' }] });
}

async function uploads(both: BothWays): Promise<void> {
  const large = Buffer.alloc(3_000_000, 'a page of a book\n');
  const file = await both.same(async (url) =>
    connect(url).beta.files.upload({ file: await toFile(large, 'book.txt', { type: 'text/plain' }) }),
  );
  assert.match(JSON.stringify(file), /book\.txt text\/plain 3000000 [0-9a-f]{64}/);
}

async function errorClasses(both: BothWays): Promise<void> {
  const classes = {
    ...{
      400: 'BadRequestError',
      401: 'AuthenticationError',
      402: 'PaymentRequiredError',
      403: 'PermissionDeniedError',
    },
    ...{ 404: 'NotFoundError', 408: 'RequestTimeoutError', 409: 'ConflictError', 413: 'ContentTooLargeError' },
    ...{ 412: 'PreconditionFailedError', 418: 'APIError', 422: 'UnprocessableEntityError', 429: 'RateLimitError' },
    ...{ 431: 'RequestHeaderFieldsTooLargeError', 500: 'InternalServerError', 501: 'NotImplementedError' },
    ...{
      502: 'InternalServerError',
      503: 'ServiceUnavailableError',
      504: 'GatewayTimeoutError',
      529: 'OverloadedError',
    },
  };
  const failures = await both.same((url) =>
    Promise.all(
      Object.keys(classes).map((status) => {
        const client = connect(url, { defaultHeaders: { 'x-answer-status': status } });
        return failureOf(() => client.messages.create(ask));
      }),
    ),
  );
  assert.deepEqual(Object.fromEntries(failures.map(({ status, class: name }) => [status, name])), classes);
  assert.ok(failures.every(({ status, headers }) => headers['x-request-id'] === `id-${status}`));
}

async function brokenStreams(both: BothWays): Promise<void> {
  for (const cause of ['model_overloaded,afterTokens=2', 'stream_interrupted']) {
    const { text, failure } = await both.same(async (url) => {
      const client = connect(url, { defaultHeaders: { 'x-simulate-cause': cause } });
      let text = '';
      const stream = client.messages.stream(ask).on('text', (piece) => {
        text += piece;
      });
      return { failure: await failureOf(() => stream.finalMessage()), text };
    });
    assert.equal(text.split(' ').length, cause === 'stream_interrupted' ? 3 : 2);
    assert.match(failure.message, cause === 'stream_interrupted' ? /terminated/ : /overloaded/);
  }
}

async function retries(both: BothWays): Promise<void> {
  const requests = await both.same(async (url) => {
    const before = both.api.requests();
    await connect(url, { maxRetries: 2, defaultHeaders: { 'x-fails-once': url } }).messages.create(ask);
    return both.api.requests() - before;
  });
  assert.equal(requests, 2);
}

async function aborts(t: TestContext, both: BothWays): Promise<void> {
  const timers = holdTimers(t);
  const left = () => both.api.answered()['499'] ?? 0;
  const silent = { defaultHeaders: { 'x-simulate-cause': 'client_aborted' } };
  const failures = await both.same(async (url) => {
    const leftBefore = left();
    const stream = connect(`${url}/slow`).messages.stream({ ...ask, max_tokens: 1000 });
    const streamed = failureOf(async () => {
      for await (const _ of stream) stream.abort();
    });
    const abort = new AbortController();
    const requests = both.api.requests();
    const aborted = failureOf(() => connect(url, silent).messages.create(ask, { signal: abort.signal }));
    await eventually(() => assert.equal(both.api.requests(), requests + 2));
    abort.abort();
    const late = connect(url, { ...silent, timeout: timers.delayMs });
    const timedOut = failureOf(() => late.messages.create(ask));
    await eventually(() => assert.equal(both.api.requests(), requests + 3));
    timers.pass();
    const failures = [await streamed, await aborted, await timedOut].map(({ class: name }) => name);
    await eventually(() => assert.equal(left(), leftBefore + 3));
    return failures;
  });
  assert.deepEqual(failures, ['APIUserAbortError', 'APIUserAbortError', 'APIConnectionTimeoutError']);
}
