import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Cutting, cutRecords } from '../../../../src/input/push/records.ts';

function cut(body: string | Buffer, cutting: Cutting = 'sniffed'): string[] {
  const bytes = Buffer.from(body);
  return Array.from(cutRecords(bytes, cutting), (record) => record.bytes.toString('utf8', record.start, record.end));
}

describe('the records of a body', () => {
  test('are the elements of an array', () => {
    assert.deepEqual(cut(' [ {"a":"]\\""} , [1,[2]], "x,\\\\", -1.5e3 ,null\n] \n'), [
      '{"a":"]\\""}',
      '[1,[2]]',
      '"x,\\\\"',
      '-1.5e3',
      'null',
    ]);
    assert.deepEqual(cut('[]'), []);
    assert.deepEqual(cut('\uFEFF[1]'), ['1']);
  });

  test('are what a JSON parser finds in any array, however it is written', () => {
    const spaces = fc.constantFrom(undefined, 1, '\t', '\n ');
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), spaces, (values, space) => {
        assert.deepEqual(
          cut(JSON.stringify(values, null, space)).map((record) => JSON.parse(record)),
          JSON.parse(JSON.stringify(values)),
        );
      }),
    );
  });

  test('are one object, on however many lines', () => {
    assert.deepEqual(cut('{"a":1}'), ['{"a":1}']);
    assert.deepEqual(cut('\n{\n "a": {\n }\n}\n\n'), ['{\n "a": {\n }\n}']);
  });

  test('are lines, of which blank ones are none', () => {
    assert.deepEqual(cut('{"a":1}\r\n\n \r\n{"b":2}'), ['{"a":1}', '{"b":2}']);
    assert.deepEqual(cut('10.0.0.1 - -\n"x"\n'), ['10.0.0.1 - -', '"x"']);
    assert.deepEqual(cut(' \n\n'), []);
    assert.deepEqual(cut(''), []);
  });

  test('are not spoilt by a broken line before them', () => {
    assert.deepEqual(cut('{"a":"\n{"b":2}\n'), ['{"a":"', '{"b":2}']);
  });

  test('are lines, whatever they look like, when the sender says so', () => {
    assert.deepEqual(cut('[1,\n2]', 'lines'), ['[1,', '2]']);
  });

  test('are one export for each span of an OTLP export', () => {
    const body = {
      resourceSpans: [
        { resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'x' }, spans: [{ n: 1 }, { n: 2 }] }, {}] },
        { scopeSpans: [{ spans: [] }, { spans: [{ n: 3 }] }] },
        {},
      ],
    };
    const one = (n: number) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{ n }] }] }] });
    for (const space of [undefined, 2]) {
      const records = cut(JSON.stringify(body, null, space)).map((record) => JSON.parse(record));
      assert.deepEqual(records, [one(1), one(2), one(3)]);
    }
  });

  const BROKEN: Readonly<Record<string, RegExp>> = {
    '[': /ends where a value must follow/,
    '[{"a":1}': /it ends where a comma or \] must follow/,
    '[{"a":1': /ends in the middle of a value/,
    '["a': /ends in the middle of a value/,
    '["a\\"]': /ends in the middle of a value/,
    '[1,]': /a value is missing/,
    '[1 2]': /something else stands at byte 3 where a comma or \] must follow/,
    '[1}': /something else stands at byte 2/,
    '[1] x': /something follows the array at byte 4/,
    '{"resourceSpans":{}}': /no array stands at byte 17/,
    '{"resourceSpans":[1]}': /no object stands at byte 18/,
    '{"resourceSpans"}': /where a colon must follow/,
  };
  for (const [body, message] of Object.entries(BROKEN)) {
    test(`are not found in ${body}`, () => assert.throws(() => cut(body), { name: 'BrokenJsonError', message }));
  }

  test('are found, or the fault is told, in any bytes', () => {
    const bytes = fc.string({
      unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ':', ' ', '1', 'a', '\n', '"resourceSpans":['),
    });
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          for (const record of cut(body)) assert.notEqual(record.trim(), '');
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'BrokenJsonError');
        }
      }),
      { numRuns: 3000 },
    );
  });
});
