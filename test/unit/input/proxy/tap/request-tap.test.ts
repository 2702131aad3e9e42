import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestTap, requestIdOf } from '../../../../../src/input/proxy/tap/request-tap.ts';

test('takes the answer’s id before the request’s, and only what looks like one', () => {
  assert.equal(requestIdOf({ 'x-request-id': 'a' }, { 'x-request-id': 'b' }), 'a');
  assert.equal(requestIdOf(undefined, { 'request-id': 'req_01:A.b-c' }), 'req_01:A.b-c');
  assert.equal(requestIdOf({ 'x-request-id': 'a b' }, { 'x-request-id': 'x'.repeat(129) }), undefined);
});

test('believes a model’s name only where an API reads it', () => {
  const modelOf = (method: string, url: string): string | undefined => {
    const tap = createRequestTap({ method, url, headers: {} });
    tap.push(Buffer.from('{"model":"m"}'));
    return tap.facts().model;
  };
  assert.equal(modelOf('POST', '/v1/chat/completions'), 'm');
  assert.equal(modelOf('POST', '/v1/files'), undefined);
  assert.equal(modelOf('GET', '/v1/models'), undefined);
  assert.equal(modelOf('GET', '/v1/chat/completions'), undefined, 'a list of answers');
  assert.equal(modelOf('OPTIONS', '/v1beta/models/x:generateContent'), undefined);
});

test('knows which requests ask a model for something', () => {
  const generates = (method: string, url: string) => createRequestTap({ method, url, headers: {} }).facts().generates;
  const calls = [
    '/v1/chat/completions',
    '/v1/messages?beta=true',
    '/files/v1/responses',
    '/v1beta/models/g:streamGenerateContent',
    '/model/anthropic.claude/converse',
    '/api/generate',
    '/v1/videos',
  ];
  for (const url of calls) assert.equal(generates('POST', url), true, url);
  const management = [
    '/v1/files',
    '/upload/v1beta/files?uploadType=media',
    '/v1/batches',
    '/v1/messages/batches',
    '/v1/batch/jobs',
    '/v1/fine_tuning/jobs',
    '/v1/fine_tuning/jobs/j/pause',
    '/v1/responses/r/cancel',
  ];
  for (const url of management) assert.equal(generates('POST', url), false, url);
  for (const method of ['GET', 'DELETE', 'HEAD']) assert.equal(generates(method, '/v1/responses/r'), false, method);
});
