import { type Atom, alternativesOf, atomsOf, literalOf } from './pattern-syntax.ts';

/** A longer one is a list that belongs in several patterns. */
const MAX_PATTERN_LENGTH = 500;

/**
 * Ways that a pattern may go from one place in a text before it gives up. A message has at most 4,096 places to start
 * from; measured, `.{0,90}.{0,90}x` (8,281 ways) takes 110 ms on the worst of them, so this keeps below 50 ms what
 * takes microseconds on anything but an attack.
 */
const MAX_WAYS = 4000;

/**
 * What is wrong with a message pattern, undefined when nothing is. Patterns run over text that anyone may send, so one
 * that some text can hold up is refused by its form: a repetition without an upper bound, and one whose repetitions and
 * alternatives multiply. A bound alone is not enough: `(?:a{0,9}){0,9}b` takes 1 s on thirty letters.
 */
export function patternFault(source: string): string | undefined {
  if (source.length > MAX_PATTERN_LENGTH) return `is longer than ${MAX_PATTERN_LENGTH} characters`;
  try {
    new RegExp(source, 'im');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /s, '') : String(error);
    return `is no regular expression: ${why}`;
  }
  const endless = unboundedIn(source);
  if (endless !== undefined) {
    return `repeats without bound (${endless.text}${endless.quantifier}); give one, such as {0,80}`;
  }
  if (waysOf(source) <= MAX_WAYS) return undefined;
  return `can be tried in more than ${MAX_WAYS} ways at one place of a text; use fewer or shorter repetitions`;
}

function unboundedIn(source: string): Atom | undefined {
  for (const atom of alternativesOf(source).flatMap(atomsOf)) {
    if (atom.max === Number.POSITIVE_INFINITY) return atom;
    const inside = atom.inner === undefined ? undefined : unboundedIn(atom.inner);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/**
 * Upper bound of the ways in which a backtracking engine can match `source` at one place, whatever the text. Of
 * alternatives that begin with different characters only one can go on, so those do not add up.
 */
export function waysOf(source: string): number {
  let anywhere = 0;
  const byStart = new Map<string, number>();
  for (const alternative of alternativesOf(source)) {
    const atoms = atomsOf(alternative);
    const ways = atoms.reduce((product, atom) => product * waysOfAtom(atom), 1);
    const start = startOf(atoms[0]);
    if (start === undefined) anywhere += ways;
    else byStart.set(start, (byStart.get(start) ?? 0) + ways);
  }
  return anywhere + Math.max(0, ...byStart.values());
}

/** The character that an alternative must begin with, in one case. */
function startOf(first: Atom | undefined): string | undefined {
  return first === undefined || first.min === 0 ? undefined : literalOf(first)?.toUpperCase();
}

/** A part repeated k times goes its own ways k times over. */
function waysOfAtom({ inner, min, max }: Atom): number {
  const once = inner === undefined ? 1 : waysOf(inner);
  if (once <= 1) return once * (max - min + 1);
  let sum = 0;
  for (let times = min; times <= max && sum <= MAX_WAYS; times += 1) sum += once ** times;
  return sum;
}
