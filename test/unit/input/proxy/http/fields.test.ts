import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  digitsOf,
  InvalidMessageError,
  listOf,
  parseFields,
  parseSection,
} from '../../../../../src/input/proxy/http/fields.ts';

/** The fields, or what is wrong with them. */
function outcomeOf(parse: () => string[]): unknown {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof InvalidMessageError, String(error));
    return error.message;
  }
}

test('a section that is walked at once reads as its lines do one by one', () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('A: b', 'Name:value', 'X-Y: \t z ', 'Empty:', '\r\n', '\r\n', '\r\n') },
    { weight: 1, arbitrary: fc.constantFrom('\r', '\n', ':', ' ', '\t', '\0', '\x7f', '\u00a0', '\u00ff', '(', 'a') },
  );
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const byLines = outcomeOf(() => parseFields(text.split('\r\n')));
      assert.deepEqual(
        outcomeOf(() => parseSection(`GET / HTTP/1.1\r\n${text}`, 16)),
        byLines,
      );
    }),
    { numRuns: 5000 },
  );
});

test('every byte in a name and in a value is allowed or refused as RFC 9110 sections 5.1 and 5.5 have it', () => {
  for (let code = 0; code <= 0xff; code += 1) {
    const char = String.fromCharCode(code);
    const isToken = /[\w!#$%&'*+.^`|~-]/.test(char);
    const isValue = code === 0x09 || (code >= 0x20 && code !== 0x7f);
    for (const parse of [(text: string) => parseSection(text, 0), (text: string) => parseFields([text])]) {
      // Behind a colon that came too early there is a value.
      if (char !== ':')
        assert.equal(
          Array.isArray(outcomeOf(() => parse(`a${char}b: c`))),
          isToken,
          `0x${code.toString(16)} in a name`,
        );
      assert.equal(Array.isArray(outcomeOf(() => parse(`a: b${char}c`))), isValue, `0x${code.toString(16)} in a value`);
    }
  }
});

test('a message about a field quotes no value', () => {
  assert.throws(
    () => parseSection('Authorization: secret\0', 0),
    (error: Error) => !error.message.includes('secret'),
  );
});

describe('numbers', () => {
  for (const [text, value] of [
    ['0', 0],
    ['0042', 42],
    ['999999999999999', 999_999_999_999_999],
    ['1000000000000000', undefined],
    ['0000000000000001', undefined],
    ['', undefined],
    [' 1', undefined],
    ['1a', undefined],
    ['/', undefined],
    [':', undefined],
  ] as const)
    test(`${JSON.stringify(text)}: ${value ?? 'none'}`, () => assert.equal(digitsOf(text), value));
});

describe('lists', () => {
  for (const [text, items] of [
    ['', ['']],
    [' A ', ['a']],
    ['a,B ,\tc', ['a', 'b', 'c']],
    [',', ['', '']],
    ['\u00a0a,b', ['\u00a0a', 'b']],
  ] as const)
    test(JSON.stringify(text), () => assert.deepEqual(listOf(text), items));
});
