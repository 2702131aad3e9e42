import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ErrorFacts } from '../../../../../src/event/request-event.ts';
import type { Guard } from '../../../../../src/input/proxy/tap/guard.ts';
import { createResponseTap } from '../../../../../src/input/proxy/tap/response-tap.ts';
import type { ResponseFacts } from '../../../../../src/input/proxy/tap/stream-tap.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

const guard: Guard = (_what, _fallback, read) => read();

function errorIn(type: string, body: string): ErrorFacts | undefined {
  const headers = { 'content-type': type };
  const tap = createResponseTap({ status: 200, headers, clock: createManualClock(), guard });
  let error: ErrorFacts | undefined;
  tap.push(Buffer.from(body));
  tap.finish((facts) => {
    error = facts.error;
  });
  return error;
}

test('finds the error in a JSON answer that says 200', () => {
  const answers = [
    '{"error":{"message":"busy"}}',
    '{"choices":[{"message":{"content":"half"},"finish_reason":"error","error":{"code":502,"message":"gone"}}]}',
    '{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}',
    '{"object":"error","message":"bad","code":400}',
    '{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}',
  ];
  for (const body of answers) assert.ok(errorIn('application/json', body), body);
});

test('finds the error in a stream, in a data field or one of its own', () => {
  const streams = [
    'data: {"error":{"message":"busy"}}\n\n',
    'event: error\ndata: {"code":"rate_limit_exceeded","message":"slow"}\n\n',
    'data: {"base_resp":{"status_code":1002,"status_msg":"rate limit"}}\n\n',
    'data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}\n\n',
    'event: error\ndata: {"detail":"gone"}\n\n',
    'event: error\ndata: overloaded\n\n',
    'error: {"code":500,"message":"slot failed","type":"server_error"}\n\n',
  ];
  for (const body of streams) assert.ok(errorIn('text/event-stream', body), body);
});

test('sees no error in answers that end well, quote one or keep the line open', () => {
  const quoted = JSON.stringify({
    choices: [{ message: { content: '{"error":{"code":500}}' }, finish_reason: 'stop' }],
  });
  for (const body of [
    quoted,
    '{"status":"completed","error":null}',
    '{"choices":[{"finish_reason":"length"}]}',
    '[]',
  ]) {
    assert.equal(errorIn('application/json', body), undefined, body);
  }
  for (const body of [': OPENROUTER PROCESSING\n\n', ': keep-alive\n\n', 'data: [DONE]\n\n', `data: ${quoted}\n\n`]) {
    assert.equal(errorIn('text/event-stream', body), undefined, body);
  }
});

test('keeps nothing of the bytes that it is shown: they are overwritten when the call is over', async () => {
  const usage = '{"usage":{"prompt_tokens":3,"completion_tokens":5}}';
  const error = '{"error":{"message":"busy","code":"overloaded"}}';
  const cases = [
    { status: 200, type: 'application/json', body: usage },
    { status: 200, type: 'text/event-stream', body: `data: ${usage}\n\n` },
    { status: 503, type: 'application/json', body: error },
  ];
  for (const { status, type, body } of cases) {
    for (const coding of ['identity', 'gzip']) {
      const headers = { 'content-type': type, 'content-encoding': coding };
      const tap = createResponseTap({ status, headers, clock: createManualClock(), guard });
      const sent = coding === 'gzip' ? gzipSync(body) : Buffer.from(body);
      for (const piece of [sent.subarray(0, 20), sent.subarray(20)]) {
        const shown = Buffer.from(piece);
        tap.push(shown);
        shown.fill('!');
      }
      const facts = await new Promise<ResponseFacts>((resolve) => tap.finish(resolve));
      const seen = status === 200 ? facts.tokens?.output : facts.error?.code;
      assert.equal(seen, status === 200 ? 5 : 'overloaded', `${status} ${type} ${coding}`);
    }
  }
});
