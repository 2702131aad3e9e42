import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCounting } from '../support/counting-proxy.ts';
import { bodyOf, send, upstreamAt } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';

const FAILED_JOB =
  '{"object":"fine_tuning.job","status":"failed","error":{"code":"server_error","message":"it broke"}}';
const GOOD_JOB = '{"object":"fine_tuning.job","status":"succeeded","error":{"code":null,"message":null,"param":null}}';
const FAILED_CALL = '{"error":{"message":"The server had an error","type":"server_error"}}';
const EMPTY_ERROR = '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"error":{"message":""}}';

const CASES: readonly (readonly [method: string, path: string, type: string, body: string, cause: string])[] = [
  ['GET', '/v1/fine_tuning/jobs/j', 'application/json', GOOD_JOB, 'none'],
  ['GET', '/v1/fine_tuning/jobs/j', 'application/json', FAILED_JOB, 'none'],
  ['GET', '/v1/responses/r', 'application/json', FAILED_JOB, 'none'],
  ['GET', '/v1/files/f/content', 'application/json', FAILED_CALL, 'none'],
  ['POST', '/v1/batches/b/cancel', 'application/json', FAILED_JOB, 'none'],
  ['POST', '/v1/chat/completions', 'application/json', EMPTY_ERROR, 'none'],
  ['POST', '/v1/chat/completions', 'application/json', FAILED_CALL, 'internal_error'],
  ['POST', '/an/api/of/its/own', 'application/json', FAILED_CALL, 'internal_error'],
  ['GET', '/v1/responses/r?stream=true', 'text/event-stream', `data: ${FAILED_CALL}\n\n`, 'internal_error'],
];

test('a 200 is a failure where the call failed, and not where it hands out what tells of a failure', async (t) => {
  let next = 0;
  const upstream = await startUpstream(t, (request, response) => {
    request.resume();
    const [, , type, body] = CASES[next] ?? [];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  const { port, settled, sum } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)] });
  for (const [at, [method, path, , body, cause]] of CASES.entries()) {
    next = at;
    const before = sum('llm_requests_total', { code: '200', cause });
    const answer = await send(port, method === 'POST' ? '{"model":"m"}' : '', { method, path });
    assert.equal(String(await bodyOf(answer)), body);
    await settled(at + 1);
    assert.equal(sum('llm_requests_total', { code: '200', cause }), before + 1, `${method} ${path} ${body}`);
  }
});
