import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAI, type OpenAIProvider } from '@ai-sdk/openai';
import { APICallError, embedMany, generateText, jsonSchema, stepCountIs, streamText, tool, transcribe } from 'ai';
import { all, type BothWays, failureOf, plainHeaders, startBothWays } from '../support/both-ways.ts';
import { eventually } from '../support/eventually.ts';

const MODEL = 'deepseek/deepseek-v3';
const ask = { prompt: 'hello', maxOutputTokens: 30, maxRetries: 0 } as const;

test('the Vercel ai client works through the sidecar as it does without', async (t) => {
  const both = await startBothWays(t);
  await t.test('whole answers of both APIs, with their headers', () => wholeAnswers(both));
  await t.test('streams of both APIs', () => streams(both));
  await t.test('embeddings', () => embeddings(both));
  await t.test('tools, streamed and not', () => tools(both));
  await t.test('uploads', () => uploads(both));
  await t.test('what it says of each status', () => statuses(both));
  await t.test('errors inside a stream, and streams that break', () => brokenStreams(both));
  await t.test('its own retries are requests of their own', () => retries(both));
  await t.test('every request is counted by the code that the client saw', async () => {
    assert.equal((await both.counted())['499'], undefined);
  });
  await t.test('aborts and timeouts', () => aborts(both));
  await t.test('what the client left is counted as that', async () => {
    assert.equal((await both.counted())['499'], 3);
  });
});

function connect(baseUrl: string, headers: Record<string, string> = {}): OpenAIProvider {
  return createOpenAI({ apiKey: 'k', baseURL: `${baseUrl}/v1`, headers });
}

function headersOf(headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  return plainHeaders(Object.entries(headers ?? {}));
}

async function wholeAnswers(both: BothWays): Promise<void> {
  const answers = await both.same(async (url) => {
    const api = connect(url);
    const results = [];
    for (const model of [api.chat(MODEL), api.responses(MODEL)]) {
      const { text, usage, finishReason, response } = await generateText({ ...ask, model });
      results.push({ text, usage, finishReason, body: response.body, headers: headersOf(response.headers) });
    }
    return results;
  });
  assert.deepEqual(
    answers.map(({ text }) => text.split(' ').length),
    [30, 30],
  );
}

async function streams(both: BothWays): Promise<void> {
  const answers = await both.same(async (url) => {
    const api = connect(url);
    const results = [];
    for (const model of [api.chat(MODEL), api.responses(MODEL)]) {
      const result = streamText({ ...ask, model });
      const pieces = await all(result.textStream);
      results.push({ pieces, usage: await result.usage, headers: headersOf((await result.response).headers) });
    }
    return results;
  });
  assert.deepEqual(
    answers.map(({ pieces }) => pieces.join('').split(' ').length),
    [30, 30],
  );
  assert.deepEqual(
    answers.map(({ usage }) => usage.outputTokens),
    [30, 30],
  );
}

async function embeddings(both: BothWays): Promise<void> {
  const result = await both.same(async (url) => {
    const model = connect(url).embedding('text-embedding-3-small');
    const { embeddings, usage } = await embedMany({ model, values: ['a', 'b', 'c'], maxRetries: 0 });
    return { embeddings, usage };
  });
  assert.deepEqual(
    result.embeddings.map(({ length }) => length),
    [8, 8, 8],
  );
}

async function tools(both: BothWays): Promise<void> {
  const result = await both.same(async (url) => {
    const asked: unknown[] = [];
    const weather = tool({
      inputSchema: jsonSchema({ type: 'object', properties: { city: { type: 'string' } } }),
      execute: (input: unknown) => {
        asked.push(input);
        return 'sunny';
      },
    });
    const options = {
      ...ask,
      model: connect(`${url}/tools`).chat(MODEL),
      tools: { weather },
      stopWhen: stepCountIs(3),
    };
    const whole = await generateText(options);
    return { whole: whole.text, streamed: await streamText(options).text, asked };
  });
  assert.deepEqual(result, {
    whole: 'the tool has spoken',
    streamed: 'the tool has spoken',
    asked: [{ city: 'Paris' }, { city: 'Paris' }],
  });
}

async function uploads(both: BothWays): Promise<void> {
  const audio = new Uint8Array(Buffer.concat([Buffer.from('RIFF0000WAVE'), Buffer.alloc(2_000_000, 7)]));
  const text = await both.same(async (url) => {
    const model = connect(url).transcription('whisper-1');
    return (await transcribe({ model, audio, maxRetries: 0 })).text;
  });
  assert.match(text, /audio\/wav 2000012 [0-9a-f]{64}/);
}

/** It has one class for all of them; what it does next depends on what that says. */
async function statuses(both: BothWays): Promise<void> {
  const codes = [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503, 504, 529];
  const failures = await both.same((url) =>
    Promise.all(
      codes.map(async (status) => {
        const model = connect(url, { 'x-answer-status': String(status) }).chat(MODEL);
        let isRetryable: boolean | undefined;
        const failure = await failureOf(async () => {
          try {
            await generateText({ ...ask, model });
          } catch (error) {
            isRetryable = APICallError.isInstance(error) ? error.isRetryable : undefined;
            throw error;
          }
        });
        return { ...failure, isRetryable };
      }),
    ),
  );
  assert.deepEqual(
    failures.map(({ status }) => status),
    codes,
  );
  assert.deepEqual(
    failures.filter(({ isRetryable }) => isRetryable).map(({ status }) => status),
    [408, 409, 429, 500, 503, 504, 529],
  );
  assert.ok(failures.every(({ message, status }) => message === `message of ${status}`));
  assert.ok(failures.every(({ headers, status }) => headers['x-request-id'] === `id-${status}`));
}

async function brokenStreams(both: BothWays): Promise<void> {
  for (const cause of ['model_overloaded,afterTokens=2', 'stream_interrupted']) {
    const { text, message } = await both.same(async (url) => {
      const model = connect(url, { 'x-simulate-cause': cause }).chat(MODEL);
      const { stream } = streamText({ ...ask, model, onError: () => undefined });
      let text = '';
      const { message } = await failureOf(async () => {
        for await (const part of stream) {
          if (part.type === 'text-delta') text += part.text;
          // An error frame does not end its stream.
          if (part.type === 'error') throw new Error(JSON.stringify(part.error));
        }
      });
      return { text, message };
    });
    assert.equal(text.split(' ').length, cause === 'stream_interrupted' ? 3 : 2);
    assert.match(message, cause === 'stream_interrupted' ? /process successful response/ : /overloaded/);
  }
}

async function retries(both: BothWays): Promise<void> {
  const requests = await both.same(async (url) => {
    const before = both.api.requests();
    await generateText({ ...ask, maxRetries: 2, model: connect(url, { 'x-fails-once': url }).chat(MODEL) });
    return both.api.requests() - before;
  });
  assert.equal(requests, 2);
}

async function aborts(both: BothWays): Promise<void> {
  const left = () => both.api.answered()['499'] ?? 0;
  const failures = await both.same(async (url) => {
    const leftBefore = left();
    const abortStream = new AbortController();
    const slow = connect(`${url}/slow`).chat(MODEL);
    const { textStream } = streamText({ ...ask, model: slow, maxOutputTokens: 1000, abortSignal: abortStream.signal });
    for await (const _ of textStream) abortStream.abort();
    const silent = connect(url, { 'x-simulate-cause': 'client_aborted' }).chat(MODEL);
    const abort = new AbortController();
    const requests = both.api.requests();
    const aborted = failureOf(() => generateText({ ...ask, model: silent, abortSignal: abort.signal }));
    await eventually(() => assert.equal(both.api.requests(), requests + 1));
    abort.abort();
    const timeout = new AbortController();
    const late = failureOf(() => generateText({ ...ask, model: silent, abortSignal: timeout.signal }));
    await eventually(() => assert.equal(both.api.requests(), requests + 2));
    // As AbortSignal.timeout does it, once the API has the request.
    timeout.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    const failures = [await aborted, await late].map(({ message }) => message);
    await eventually(() => assert.equal(left(), leftBefore + 3));
    return failures;
  });
  assert.deepEqual(failures, ['This operation was aborted', 'The operation was aborted due to timeout']);
}
