/**
 * Message patterns come from a file that users may extend and run over text that anyone may send, so a repetition
 * without an upper bound is refused: with bounds only, no text can make the engine backtrack for long.
 */
export function unboundedRepetition(source: string): string | undefined {
  const bare = source.replace(/\\./g, '__').replace(/\[[^\]]*\]/g, '_');
  return /[*+]|\{\d+,\}/.exec(bare)?.[0];
}

/** Shorter ones occur in any text, so looking for them saves nothing; Chinese words have two characters. */
const MIN_LITERAL_LENGTH = 2;

/**
 * Plain strings of which every match of `source` contains at least one, lower-cased; undefined when there are none to
 * rely on. They are what the keyword index looks for before the pattern itself is tried.
 */
export function requiredLiterals(source: string): readonly string[] | undefined {
  const literals: string[] = [];
  for (const alternative of splitAlternatives(source)) {
    const best = requiredOfSequence(alternative);
    if (best === undefined) return undefined;
    literals.push(...best);
  }
  return literals;
}

/** The best of all sets in a sequence: each plain run is one, each group that must occur another. */
function requiredOfSequence(source: string): readonly string[] | undefined {
  const sets: (readonly string[])[] = [];
  let run = '';
  const endRun = () => {
    sets.push([run.trim().toLowerCase()]);
    run = '';
  };
  for (let at = 0; at < source.length; ) {
    const end = atomEnd(source, at);
    const atom = source.slice(at, end);
    const quantifier = /^(?:[?*+]|\{\d+(?:,\d*)?\})\??/.exec(source.slice(end))?.[0] ?? '';
    const optional = /^(?:[?*]|\{0)/.test(quantifier);
    const literal = literalOf(atom);
    if (literal !== undefined && !optional) run += literal;
    if (literal === undefined || quantifier !== '') endRun();
    const inner = /^\((?:\?:)?(?!\?)(.*)\)$/s.exec(atom)?.[1];
    if (inner !== undefined && !optional) sets.push(requiredLiterals(inner) ?? []);
    at = end + quantifier.length;
  }
  endRun();
  return sets.reduce<readonly string[] | undefined>((best, set) => (worth(set) > worth(best) ? set : best), undefined);
}

/** The more selective the better: as long as its shortest string, worthless when that is too short. */
function worth(set: readonly string[] | undefined): number {
  const shortest = Math.min(...(set ?? []).map((literal) => literal.length));
  return Number.isFinite(shortest) && shortest >= MIN_LITERAL_LENGTH ? shortest : 0;
}

function splitAlternatives(source: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < source.length; at = atomEnd(source, at)) {
    if (source.charAt(at) !== '|') continue;
    parts.push(source.slice(start, at));
    start = at + 1;
  }
  return [...parts, source.slice(start)];
}

/** The character that an atom stands for; undefined for classes, groups, dots and anchors. */
function literalOf(atom: string): string | undefined {
  if (atom.startsWith('\\')) return /^[^a-z0-9]$/i.test(atom.slice(1)) ? atom.slice(1) : undefined;
  return /^[^.^$([]$/.test(atom) ? atom : undefined;
}

/** Index after the escape, class, group or single character that starts at `at`. */
function atomEnd(source: string, at: number): number {
  const char = source.charAt(at);
  if (char === '\\') return at + 2;
  if (char === '[') return at + (/^\[(?:\\.|[^\]\\])*\]/s.exec(source.slice(at))?.[0].length ?? 1);
  if (char !== '(') return at + 1;
  let inner = at + 1;
  while (inner < source.length && source.charAt(inner) !== ')') inner = atomEnd(source, inner);
  return inner + 1;
}
