import { alternativesOf, atomsOf, literalOf } from './pattern-syntax.ts';

/** Shorter ones occur in any text, so looking for them saves nothing; Chinese words have two characters. */
const MIN_LITERAL_LENGTH = 2;

/**
 * Plain strings of which every match of `source` contains at least one, lower-cased; undefined when there are none to
 * rely on. They are what the keyword index looks for before the pattern itself is tried.
 */
export function requiredLiterals(source: string): readonly string[] | undefined {
  const literals: string[] = [];
  for (const alternative of alternativesOf(source)) {
    const best = requiredOfSequence(alternative);
    if (best === undefined) return undefined;
    literals.push(...best);
  }
  return literals;
}

/**
 * The same for one alternative in full: every match contains one string of each set. Best set first; none where there is
 * nothing to rely on.
 */
export function requiredSets(alternative: string): readonly (readonly string[])[] {
  return setsOfSequence(alternative)
    .filter((set) => worth(set) > 0)
    .sort((a, b) => worth(b) - worth(a));
}

function requiredOfSequence(source: string): readonly string[] | undefined {
  return requiredSets(source)[0];
}

/** Each plain run is a set, each group that must occur another. */
function setsOfSequence(source: string): readonly (readonly string[])[] {
  const sets: (readonly string[])[] = [];
  let run = '';
  const endRun = () => {
    sets.push([run.trim().toLowerCase()]);
    run = '';
  };
  for (const atom of atomsOf(source)) {
    const literal = literalOf(atom);
    if (literal !== undefined && atom.min > 0) run += literal;
    if (literal === undefined || atom.quantifier !== '') endRun();
    if (atom.inner !== undefined && atom.min > 0 && mustOccur(atom.text)) sets.push(requiredLiterals(atom.inner) ?? []);
  }
  endRun();
  return sets;
}

/** Not so for what a group looks ahead or behind for. */
function mustOccur(group: string): boolean {
  return !group.startsWith('(?') || group.startsWith('(?:');
}

/** The more selective the better: as long as its shortest string, worthless when that is too short. */
function worth(set: readonly string[]): number {
  const shortest = Math.min(...set.map((literal) => literal.length));
  return Number.isFinite(shortest) && shortest >= MIN_LITERAL_LENGTH ? shortest : 0;
}
