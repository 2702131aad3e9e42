import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { askingFor, withModel } from '../../../../../src/input/proxy/retry/model-rewrite.ts';

const rewritten = (text: string, model = 'b'): string | undefined => withModel(Buffer.from(text), model)?.toString();

test('only the bytes of the model change', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"model":"a"}', '{"model":"b"}'],
    [
      '\n{ "n" : 1.0e2 , "model"\t: "a" ,"x":"é\\u00e9\\/"}\r\n',
      '\n{ "n" : 1.0e2 , "model"\t: "b" ,"x":"é\\u00e9\\/"}\r\n',
    ],
    ['{"a":{"model":"x"},"b":[{"model":"y"}],"model":"a"}', '{"a":{"model":"x"},"b":[{"model":"y"}],"model":"b"}'],
    ['{"x":"model","model":"a\\"}{","y":"model"}', '{"x":"model","model":"b","y":"model"}'],
    ['{"mod\\u0065l":"a"}', '{"mod\\u0065l":"b"}'],
    ['{"x":"\\\\","model":"a"}', '{"x":"\\\\","model":"b"}'],
  ];
  for (const [before, after] of cases) assert.equal(rewritten(before), after);
  assert.equal(rewritten('{"model":"a"}', 'q"\\é'), '{"model":"q\\"\\\\é"}');
});

test('a body without exactly one model is not touched', () => {
  const bodies = [
    '',
    '{}',
    '"model"',
    '["model","a"]',
    '{"model":1}',
    '{"model":null}',
    '{"model":"a","model":"b"}',
    '{"model":1,"model":"b"}',
    '{"model":"a","mod\\u0065l":"b"}',
    '{"x":{"model":"a"}}',
    '{"model":"a"',
    '{"model":"a"}{"model":"a"}',
    '\ufeff{"model":"a"}',
    'model=a',
  ];
  for (const body of bodies) assert.equal(rewritten(body), undefined, body);
  assert.equal(withModel(Buffer.from([0x1f, 0x8b, 8, 0]), 'b'), undefined);
  assert.equal(withModel(Buffer.from('{"x":"\xff","model":"a"}', 'latin1'), 'b'), undefined, 'not UTF-8');
});

test('where the path names the model, it is exchanged there, and nothing else is', () => {
  const body = Buffer.from('{"contents":[],"model":"a"}');
  for (const [before, after] of [
    ['/v1beta/models/a:generateContent', '/v1beta/models/b%2Fc:generateContent'],
    [
      '/v1beta/models/a:streamGenerateContent?alt=sse&x=/models/y:z',
      '/v1beta/models/b%2Fc:streamGenerateContent?alt=sse&x=/models/y:z',
    ],
    [
      '/v1/projects/p/locations/l/publishers/google/models/a%40001:generateContent',
      '/v1/projects/p/locations/l/publishers/google/models/b%2Fc:generateContent',
    ],
    [
      '/openai/deployments/a/chat/completions?api-version=1',
      '/openai/deployments/b%2Fc/chat/completions?api-version=1',
    ],
  ] as const) {
    assert.deepEqual(askingFor({ path: before, body }, 'b/c'), { path: after, body });
  }
  for (const path of [
    '/v1/chat/completions?x=/models/a:generateContent',
    '/v1/models/a',
    '/v1beta/models/a:embedContent',
    '/model/a/converse',
    '/deployments/a',
  ]) {
    assert.deepEqual(askingFor({ path, body }, 'b'), { path, body: Buffer.from('{"contents":[],"model":"b"}') }, path);
    assert.equal(askingFor({ path, body: Buffer.from('{}') }, 'b'), undefined);
  }
});

test('whatever else an object holds is what it was', () => {
  const spaced = fc.tuple(
    fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 6 }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'grapheme' }),
    fc.nat({ max: 3 }),
  );
  fc.assert(
    fc.property(spaced, ([fields, before, after, indent]) => {
      const text = JSON.stringify({ ...fields, model: before, last: fields }, null, indent);
      const result = rewritten(text, after);
      assert.deepEqual(JSON.parse(result ?? ''), JSON.parse(JSON.stringify({ ...JSON.parse(text), model: after })));
      const place = text.lastIndexOf(`"model":${indent > 0 ? ' ' : ''}${JSON.stringify(before)}`);
      assert.equal(result?.length, text.length + JSON.stringify(after).length - JSON.stringify(before).length);
      assert.ok(place >= 0);
    }),
  );
});
