import fc, { type Arbitrary } from 'fast-check';

/** Mostly the first, so that what comes behind an oddity is reached. */
export function mostly<T>(usual: Arbitrary<T>, odd: Arbitrary<T>, weight = 12): Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

export const words = (...all: readonly string[]): Arbitrary<string> => fc.constantFrom(...all);
export const concat = (...parts: readonly Arbitrary<string>[]): Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''));

const ODD_BYTES = [
  '\0',
  '\t',
  '\n',
  '\v',
  '\f',
  '\r',
  ' ',
  '\x1f',
  '\x7f',
  '\x80',
  '\u00a0',
  '\u00ff',
  ':',
  ',',
  ';',
  '"',
  '(',
];
export const oddByte = words(...ODD_BYTES);
export const lineEnd = mostly(words('\r\n'), words('\n', '\r', '\r\r\n', '\n\r', '', ' \r\n'), 150);

const name = mostly(
  words('X-A', 'x-a', 'Accept', 'Cookie', "a!#$%&'*+-.^_`|~0"),
  concat(words('X', ''), oddByte, words('Y', '')),
  30,
);
const colon = mostly(words(': ', ':', ':\t ', ':  '), words(' :', '\t: ', '', '::', ' '), 80);
const value = mostly(
  words('', '1', 'a b', 'a: b, c;d="e"', 'caf\u00e9', 'x \t', '\u00a0', '"\\"'),
  fc.oneof(concat(words('a', ''), oddByte, words('b', '')), words('a\r\n b', 'a\r\n\tb', 'a\r\n \r\n')),
  20,
);
export const field = concat(name, colon, value, lineEnd);
