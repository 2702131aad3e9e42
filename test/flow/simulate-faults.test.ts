import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulator } from '../../src/simulate/simulator.ts';
import { startSimulator } from '../support/simulator.ts';

interface Body {
  readonly model?: string;
  readonly stream?: boolean;
}

function ask(url: string, body: Body = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'm', ...body }),
  });
}

async function statuses(url: string, count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i++) {
    const response = await ask(url);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
}

function put(url: string, body: unknown): Promise<Response> {
  return fetch(`${url}/-/faults`, { method: 'PUT', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

test('faults are set, shown and removed while the API runs', async (t) => {
  const { url } = await startSimulator(t);
  assert.equal((await ask(url)).status, 200);
  assert.equal((await put(url, [{ cause: 'rate_limit_tpm' }])).status, 200);
  const shown = await (await fetch(`${url}/-/faults`)).json();
  assert.deepEqual(shown, { faults: [{ cause: 'rate_limit_tpm', rate: 1, afterMs: 0 }] });
  assert.equal((await ask(url)).status, 429);
  assert.equal((await fetch(`${url}/-/faults`, { method: 'DELETE' })).status, 200);
  assert.equal((await ask(url)).status, 200);
});

test('faults that are wrong are all named, and change nothing', async (t) => {
  const { url } = await startSimulator(t, { faults: [{ cause: 'model_loading', rate: 1, afterMs: 0 }] });
  const answer = await put(url, [{ cause: 'gremlins' }, { cause: 'model_loading', rate: 2, colour: 'red' }]);
  assert.equal(answer.status, 400);
  const { errors } = (await answer.json()) as { errors: string[] };
  assert.equal(errors.length, 3);
  assert.match(errors.join('\n'), /faults\[0\]\.cause: "gremlins" is none of the causes: none, invalid_request/);
  assert.match(errors.join('\n'), /faults\[1\]\.rate/);
  assert.match(errors.join('\n'), /colour/);
  assert.deepEqual(await (await put(url, '{')).json(), { errors: ['the body is not JSON'] });
  assert.equal((await ask(url)).status, 503);
});

test('a fault meets only the model and the kind of answer it names', async (t) => {
  const { url } = await startSimulator(t, {
    faults: [{ cause: 'model_overloaded', rate: 1, afterMs: 0, model: 'sick', stream: false }],
  });
  assert.equal((await ask(url, { model: 'sick' })).status, 503);
  assert.equal((await ask(url, { model: 'sick', stream: true })).status, 200);
  assert.equal((await ask(url, { model: 'well' })).status, 200);
});

test('the same seed fails the same requests, another seed others, at about the rate asked for', async (t) => {
  const faults = [{ cause: 'surge_protection', rate: 0.3, afterMs: 0 }] as const;
  const runs = await Promise.all(
    [7, 7, 8].map(async (seed) => statuses((await startSimulator(t, { seed, faults })).url, 200)),
  );
  assert.deepEqual(runs[0], runs[1]);
  assert.notDeepEqual(runs[0], runs[2]);
  const failed = runs[0]?.filter((status) => status === 503).length ?? 0;
  assert.ok(failed > 40 && failed < 80, `${failed} of 200 failed`);
});

test('a request with a seed of its own gets the same answer whatever came before', async (t) => {
  const { url } = await startSimulator(t);
  const text = async () => {
    const answer = await ask(url, {}, { 'x-simulate-seed': '42' });
    return ((await answer.json()) as { choices: unknown }).choices;
  };
  const first = await text();
  await statuses(url, 3);
  assert.deepEqual(await text(), first);
});

test('a request may bring its own fault; a wrong one is a clear 400', async (t) => {
  const { url } = await startSimulator(t);
  assert.equal((await ask(url, {}, { 'x-simulate-cause': 'model_loading' })).status, 503);
  const wrong = await ask(url, {}, { 'x-simulate-cause': 'gremlins' });
  assert.equal(wrong.status, 400);
  assert.match(await wrong.text(), /gremlins.+is none of the causes/);
});

test('a key, a model and a body are asked for as a real API does', async (t) => {
  const { url } = await startSimulator(t, { requireKey: true, models: ['m'] });
  const key = { authorization: 'Bearer k' };
  assert.equal((await ask(url)).status, 401);
  assert.equal((await ask(url, {}, key)).status, 200);
  assert.equal((await ask(url, {}, { 'x-api-key': 'k' })).status, 200);
  assert.equal((await ask(url, { model: 'unheard-of' }, key)).status, 404);
  for (const body of ['{"model":', '[]', '{}', '']) {
    const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: key, body });
    assert.equal(answer.status, 400, body);
  }
  assert.equal((await fetch(`${url}/v1/nothing`, { method: 'POST', headers: key, body: '{}' })).status, 404);
});

test('an address in use is a clear problem', async (t) => {
  const { url } = await startSimulator(t);
  const port = new URL(url).port;
  await assert.rejects(
    async () => {
      await createSimulator().listen({ host: '127.0.0.1', port: Number(port) });
    },
    { name: 'ProblemError', message: `cannot listen on 127.0.0.1:${port}: another program listens there already` },
  );
});
