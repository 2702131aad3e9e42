import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { patternFault, waysOf } from '../../../src/classify/pattern-safety.ts';

describe('patternFault', () => {
  const REFUSED: readonly (readonly [source: string, fault: RegExp])[] = [
    ['loading (model', /is no regular expression: Unterminated group/],
    ['a.*b', /without bound \(\.\*\)/],
    ['a{2,}', /without bound \(a\{2,\}\)/],
    ['(?:ab)+', /without bound/],
    ['(a+)+b', /without bound/],
    ['(a|a)*b', /without bound/],
    ['(?:x(?:y|z\\d*))', /without bound \(\\d\*\)/],
    ['(?=.*a)b', /without bound/],
    ['(?:a{0,9}){0,9}b', /4000 ways/],
    ['(?:a|a){0,30}b', /4000 ways/],
    ['(?:a|aa){0,30}b', /4000 ways/],
    ['(?:a?){0,30}b', /4000 ways/],
    ['(?:(?:a|b?){0,9}c?){0,9}', /4000 ways/],
    ['(?:\\w|\\d){0,30}b', /4000 ways/],
    ['.{0,90}.{0,90}x', /4000 ways/],
    ['(a{0,90})(?<=a{0,90})x', /4000 ways/],
    ['a{0,4000000000}', /4000 ways/],
    ['a'.repeat(501), /longer than 500/],
  ];
  for (const [source, fault] of REFUSED) {
    it(`refuses ${source.slice(0, 40)}`, () => assert.match(patternFault(source) ?? 'accepted', fault));
  }

  const ACCEPTED = [
    ...['a.{0,80}b', '\\* \\+', '[*+]', '[\\]*]', 'a{2}', 'x?', '\\u002a', 'a{b', 'C\\+\\+'],
    ...['(?:is |was |has )?(?:been )?(?:not )?found', '(?:get|put|head){0,200}', '(?<name>a)\\k<name>'],
  ];
  for (const source of ACCEPTED) {
    it(`accepts ${source}`, () => assert.equal(patternFault(source), undefined));
  }
});

describe('waysOf', () => {
  it('is never below the ways in which an engine that backtracks can go', () => {
    fc.assert(
      fc.property(anyPattern, fc.stringMatching(/^[ab]{0,6}$/), ({ source, ends }, text) => {
        assert.ok(ends(text, 0).length <= waysOf(source), `${source} on ${text}`);
      }),
      { numRuns: 2000 },
    );
  });
});

/** A pattern with a matcher of its own that goes every way a backtracking engine could, and says where each ends. */
interface Modelled {
  readonly source: string;
  readonly ends: (text: string, at: number) => readonly number[];
}

const { pattern: anyPattern } = fc.letrec<{ pattern: Modelled }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom('a', 'b').map(character),
    fc.constant<Modelled>({ source: '[ab]', ends: (text, at) => (at < text.length ? [at + 1] : []) }),
    fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map(sequence),
    fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map(alternatives),
    fc.tuple(tie('pattern'), fc.nat(2), fc.nat(2)).map(([part, min, more]) => repeated(part, min, min + more)),
  ),
}));

function character(char: string): Modelled {
  return { source: char, ends: (text, at) => (text[at] === char ? [at + 1] : []) };
}

function sequence(parts: readonly Modelled[]): Modelled {
  return {
    source: `(?:${parts.map(({ source }) => source).join('')})`,
    ends: (text, at) => parts.reduce((from, { ends }) => from.flatMap((here) => ends(text, here)), [at]),
  };
}

function alternatives(parts: readonly Modelled[]): Modelled {
  return {
    source: `(?:${parts.map(({ source }) => source).join('|')})`,
    ends: (text, at) => parts.flatMap(({ ends }) => ends(text, at)),
  };
}

function repeated(part: Modelled, min: number, max: number): Modelled {
  return {
    source: `(?:${part.source}){${min},${max}}`,
    ends: (text, at) => {
      const found: number[] = [];
      let from: readonly number[] = [at];
      for (let times = 0; times <= max; times += 1) {
        if (times >= min) found.push(...from);
        from = from.flatMap((here) => part.ends(text, here));
      }
      return found;
    },
  };
}
