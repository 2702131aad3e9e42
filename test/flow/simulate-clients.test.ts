import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startSimulator } from '../support/simulator.ts';

const MODEL = 'deepseek/deepseek-v3';
const messages = [{ role: 'user' as const, content: 'hello' }];

for (const base of ['/v1', '/openai/v1', '/v3/openai']) {
  test(`the openai client gets a whole answer under ${base}`, async (t) => {
    const { url } = await startSimulator(t);
    const client = new OpenAI({ apiKey: 'k', baseURL: url + base, maxRetries: 0 });
    const answer = await client.chat.completions.create({ model: MODEL, messages, max_tokens: 5 });
    assert.equal(answer.choices[0]?.message.content?.split(' ').length, 5);
    assert.equal(answer.choices[0]?.finish_reason, 'length');
    assert.equal(answer.usage?.completion_tokens, 5);
    assert.equal(answer.model, MODEL);
  });
}

test('the openai client reads a stream to its end, with usage', async (t) => {
  const { url } = await startSimulator(t);
  const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: MODEL,
    messages,
    max_tokens: 5,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  const finishes: unknown[] = [];
  let tokens: number | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  assert.equal(text.split(' ').length, 5);
  assert.deepEqual(finishes, ['length']);
  assert.equal(tokens, 5);
});

test('a stream says nothing of usage unless it is asked to, and ends with [DONE]', async (t) => {
  const { url } = await startSimulator(t);
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: MODEL, messages, stream: true, max_tokens: 2 }),
  });
  const text = await response.text();
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.ok(!text.includes('"usage"'));
  assert.ok(text.endsWith('data: [DONE]\n\n'));
});

test('the openai client gets completions, embeddings, responses and the list of models', async (t) => {
  const { url } = await startSimulator(t, { models: [MODEL, 'embed'] });
  const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 });
  const completion = await client.completions.create({ model: MODEL, prompt: 'hello', max_tokens: 3 });
  assert.equal(completion.choices[0]?.text.split(' ').length, 3);
  const embeddings = await client.embeddings.create({ model: 'embed', input: ['a', 'b'] });
  assert.deepEqual(
    embeddings.data.map(({ embedding }) => embedding.length),
    [8, 8],
  );
  const response = await client.responses.create({ model: MODEL, input: 'hello', max_output_tokens: 4 });
  assert.equal(response.output_text.split(' ').length, 4);
  const models: string[] = [];
  for await (const { id } of client.models.list()) models.push(id);
  assert.deepEqual(models, [MODEL, 'embed']);
});

test('the openai client reads a stream of the Responses API to response.completed', async (t) => {
  const { url } = await startSimulator(t);
  const client = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 });
  const stream = client.responses.stream({ model: MODEL, input: 'hello', max_output_tokens: 4 });
  const types = new Set<string>();
  for await (const event of stream) types.add(event.type);
  assert.ok(types.has('response.output_text.delta') && types.has('response.completed'));
  assert.equal((await stream.finalResponse()).usage?.output_tokens, 4);
});

test('the anthropic client gets a whole answer and a stream to message_stop', async (t) => {
  const { url } = await startSimulator(t);
  const client = new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 0 });
  const whole = await client.messages.create({ model: 'claude', messages, max_tokens: 6 });
  assert.equal(whole.usage.output_tokens, 6);
  assert.equal(whole.stop_reason, 'max_tokens');
  const streamed = await client.messages.stream({ model: 'claude', messages, max_tokens: 6 }).finalMessage();
  const [block] = streamed.content;
  assert.equal(block?.type === 'text' && block.text.split(' ').length, 6);
  assert.equal(streamed.usage.output_tokens, 6);
});

test('a failure reaches the clients as the error they have for it', async (t) => {
  const { url } = await startSimulator(t, { faults: [{ cause: 'surge_protection', rate: 1, afterMs: 0 }] });
  const openai = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 });
  const anthropic = new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 0 });
  await assert.rejects(openai.chat.completions.create({ model: MODEL, messages }), { status: 503, code: 'slow_down' });
  await assert.rejects(anthropic.messages.create({ model: MODEL, messages, max_tokens: 1 }), { status: 503 });
});

test('an error inside a stream reaches the clients after the first tokens', async (t) => {
  const fault = { cause: 'model_overloaded' as const, rate: 1, afterMs: 0, afterTokens: 2 };
  const { url } = await startSimulator(t, { faults: [fault] });
  const openai = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 });
  const words: string[] = [];
  await assert.rejects(async () => {
    for await (const chunk of await openai.chat.completions.create({ model: MODEL, messages, stream: true })) {
      if (chunk.choices[0]?.delta.content) words.push(chunk.choices[0].delta.content);
    }
  }, /overloaded/);
  assert.equal(words.length, 2);
  const anthropic = new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 0 });
  await assert.rejects(
    anthropic.messages.stream({ model: 'claude', messages, max_tokens: 9 }).finalMessage(),
    /overloaded/,
  );
});
