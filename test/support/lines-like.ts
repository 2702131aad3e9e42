import fc from 'fast-check';

/** Bytes that mean something in one of the formats, and some that mean nothing anywhere. */
const BYTES = [...'0123456789-.,:; "\\{}[]eEx+tfnu/\0\t\x1b\x7f', '\xc3\xa9', '\xff'].map((text) =>
  Buffer.from(text, 'latin1'),
);

/** One change of a line: some bytes are replaced. */
const change = fc.record({
  at: fc.nat(),
  cut: fc.nat({ max: 3 }),
  put: fc.array(fc.constantFrom(...BYTES), { maxLength: 3 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function applied(line: Buffer, changes: readonly Change[]): Buffer {
  return changes.reduce((current, { at, cut, put }) => {
    const place = at % (current.length + 1);
    return Buffer.concat([current.subarray(0, place), ...put, current.subarray(place + cut)]);
  }, line);
}

/** The digits of a line replaced by others, as times and numbers of the next one differ. */
function withOtherDigits(line: Buffer, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    line.toString('latin1').replace(/\d/g, (digit) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state % 4 === 0 ? String((state >>> 16) % 10) : digit;
    }),
    'latin1',
  );
}

/** Values that stand for a number or a word, one put for another. */
const WORDS = [
  '200',
  '429',
  '503',
  '504',
  '499',
  '0',
  '0.000',
  '00.5',
  '1e3',
  '-1',
  '-',
  '',
  'null',
  'true',
  '"',
  '502, 200',
  '0.1 : 0.2',
  '100000',
  '12345678901234567',
];

function withOtherWord(line: Buffer, at: number, word: string): Buffer {
  const text = line.toString('latin1');
  const places = [...text.matchAll(/-?\d[\d.]*|(?<=")-(?=")/g)];
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) return line;
  return Buffer.from(text.slice(0, place.index) + word + text.slice(place.index + place[0].length), 'latin1');
}

/** Lines of a log, and others that are like them: with other numbers, a word in the place of another, a few wrong bytes. */
export function linesLike(lines: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const line = fc.constantFrom(...lines);
  return fc.oneof(
    fc.record({ line, seed: fc.nat() }).map(({ line, seed }) => withOtherDigits(line, seed)),
    fc
      .record({ line, at: fc.nat(), word: fc.constantFrom(...WORDS) })
      .map(({ line, at, word }) => withOtherWord(line, at, word)),
    fc.record({ line, changes: fc.array(change, { maxLength: 3 }) }).map(({ line, changes }) => applied(line, changes)),
    line,
  );
}
