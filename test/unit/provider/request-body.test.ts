import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRequestBodyScanner, factsFromPath } from '../../../src/provider/request-body.ts';

function scan(body: string | Buffer, chunkBytes = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(body);
  const scanner = createRequestBodyScanner();
  for (let at = 0; at < bytes.length; at += chunkBytes) scanner.push(bytes.subarray(at, at + chunkBytes));
  return scanner.facts();
}

test('finds model and stream wherever they stand at the top level', () => {
  assert.deepEqual(scan('{"model":"m","stream":true}'), { model: 'm', stream: true });
  const messages = [{ role: 'user', content: 'say {"model":"no","stream":false}, \\" ]' }];
  assert.deepEqual(scan(JSON.stringify({ messages, stream: false, model: 'late' })), { model: 'late', stream: false });
});

test('ignores the same keys deeper down and in values', () => {
  const body = { metadata: { model: 'deep', stream: true }, user: 'model', input: ['model', 'stream'] };
  assert.deepEqual(scan(JSON.stringify(body)), { model: undefined, stream: false });
});

test('says nothing of what is no JSON object', () => {
  for (const body of [
    '',
    '   ',
    '[{"model":"m"}]',
    '"model"',
    'model=m',
    '\u0000\u0001',
    '--boundary\r\n{"model":"m"}',
  ]) {
    assert.deepEqual(scan(body), { model: undefined, stream: undefined }, JSON.stringify(body));
  }
});

test('an unfinished body leaves an absent flag unknown', () => {
  assert.deepEqual(scan('{"model":"m","messages":['), { model: 'm', stream: undefined });
});

test('a name longer than the bound names nothing, and does not hide what follows', () => {
  const long = 'x'.repeat(100_000);
  assert.deepEqual(scan(`{"model":"${long}","stream":true}`, 1000), { model: undefined, stream: true });
  assert.deepEqual(scan(`{"${long}":1,"model":"m"}`, 1000), { model: 'm', stream: false });
});

test('a model at the end of 20 MB is found', () => {
  const body = JSON.stringify({ messages: [{ content: '"\\{'.repeat(4_000_000) }], model: 'm', stream: true });
  assert.ok(body.length > 20_000_000);
  assert.deepEqual(scan(body, 65_536), { model: 'm', stream: true });
});

const key = fc.oneof(
  fc.constantFrom('model', 'stream', 'messages', 'mod\\el', 'strea\u006d'),
  fc.string({ unit: 'binary' }),
);
const body = fc.dictionary(key, fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.jsonValue()), { maxKeys: 8 });

test('agrees with JSON.parse on any object, spaced and cut in any way', () => {
  fc.assert(
    fc.property(
      body,
      fc.constantFrom(undefined, 1, '\t'),
      fc.integer({ min: 1, max: 9 }),
      (value, indent, chunkBytes) => {
        const text = JSON.stringify(value, null, indent);
        const { model, stream }: Record<string, unknown> = JSON.parse(text);
        assert.deepEqual(scan(text, chunkBytes), {
          model: typeof model === 'string' ? model : undefined,
          stream: typeof stream === 'boolean' ? stream : false,
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('of a key given twice the last counts, as with JSON.parse', () => {
  assert.deepEqual(scan('{"model":"a","stream":true,"model":"b","stream":false}'), { model: 'b', stream: false });
  assert.deepEqual(scan('{"model":"a","stream":true,"model":null,"stream":{}}'), { model: undefined, stream: false });
  assert.deepEqual(scan('{"\\u006dodel":"escaped"}'), { model: 'escaped', stream: false });
});

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 7 }), (bytes, chunkBytes) => {
      scan(Buffer.from(bytes), chunkBytes);
      scan(Buffer.concat([Buffer.from('{"model":'), bytes]), chunkBytes);
    }),
  );
});

test('reads the model from the paths that name it', () => {
  const cases: readonly (readonly [string, string | undefined, boolean | undefined])[] = [
    ['/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse', 'gemini-2.5-pro', true],
    ['/v1beta/models/gemini-2.5-pro:generateContent', 'gemini-2.5-pro', false],
    ['/openai/deployments/my%20gpt/chat/completions?api-version=1', 'my gpt', undefined],
    ['/model/anthropic.claude-v2%3A1/invoke-with-response-stream', 'anthropic.claude-v2:1', true],
    ['/model/bad%zz/invoke', 'bad%zz', false],
    ['/v1/models/gpt-4o', undefined, undefined],
    ['/v1/models', undefined, undefined],
    ['/v1/chat/completions', undefined, undefined],
  ];
  for (const [path, model, stream] of cases) assert.deepEqual(factsFromPath(path), { model, stream }, path);
});

test('says when nothing more is looked for', () => {
  for (const [text, isOver] of [
    ['', false],
    ['{"model":"m","stream":true', false],
    ['{"model":"m"}', true],
    ['  [', true],
    ['no JSON', true],
  ] as const) {
    const scanner = createRequestBodyScanner();
    scanner.push(Buffer.from(text));
    assert.equal(scanner.isOver, isOver, text);
  }
});
