/** One part of a pattern, with how often it may follow itself. */
export interface Atom {
  /** A character, an escape, a class or a group, as written. */
  readonly text: string;
  /** `?`, `{0,80}` and the like; empty when there is none. */
  readonly quantifier: string;
  readonly min: number;
  readonly max: number;
  /** What stands inside a group of any kind. */
  readonly inner: string | undefined;
}

/** The sides of the `|` at the top of a pattern that `RegExp` accepts. */
export function alternativesOf(source: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < source.length; at = atomEnd(source, at)) {
    if (source.charAt(at) !== '|') continue;
    parts.push(source.slice(start, at));
    start = at + 1;
  }
  return [...parts, source.slice(start)];
}

/** The parts of one alternative, in order. */
export function atomsOf(alternative: string): Atom[] {
  const atoms: Atom[] = [];
  for (let at = 0; at < alternative.length; ) {
    const end = atomEnd(alternative, at);
    const text = alternative.slice(at, end);
    const { quantifier, min, max } = quantifierAt(alternative, end);
    const inner = text.startsWith('(') ? text.slice(1, -1).replace(GROUP_HEAD, '') : undefined;
    atoms.push({ text, quantifier, min, max, inner });
    at = end + quantifier.length;
  }
  return atoms;
}

/** The character that an atom stands for; undefined for classes, groups, dots, anchors, and escapes of letters and digits. */
export function literalOf({ text }: Pick<Atom, 'text'>): string | undefined {
  if (text.startsWith('\\')) return /^\\[^a-z0-9]$/i.test(text) ? text.slice(1) : undefined;
  return text.length === 1 && !'.^$(['.includes(text) ? text : undefined;
}

/** What makes a group no plain one: not captured, looking around, named, with flags of its own. */
const GROUP_HEAD = /^\?(?:[:=!]|<[=!]|<[^>]*>|[ims]*(?:-[ims]+)?:)/;
const QUANTIFIER = /(?:[?*+]|\{(\d+)(?:(,)(\d*))?\})\??/y;

const ONCE = { quantifier: '', min: 1, max: 1 };

function quantifierAt(source: string, at: number): Pick<Atom, 'quantifier' | 'min' | 'max'> {
  if (at >= source.length || !'?*+{'.includes(source.charAt(at))) return ONCE;
  QUANTIFIER.lastIndex = at;
  const found = QUANTIFIER.exec(source);
  if (found === null) return ONCE;
  const [quantifier, least, comma, most] = found;
  if (least !== undefined) {
    const max = comma === undefined ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most);
    return { quantifier, min: Number(least), max };
  }
  const mark = quantifier.charAt(0);
  return { quantifier, min: mark === '+' ? 1 : 0, max: mark === '?' ? 1 : Number.POSITIVE_INFINITY };
}

/** Escapes of more than one character: `\u4f59` must not be read as a `u` that the digits follow. */
const ESCAPE = /\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|k<[^>]*>|\d{1,3}|.)/isy;
const CLASS = /\[(?:\\.|[^\]\\])*\]/sy;

/** Index after the escape, class, group or single character that starts at `at`. */
function atomEnd(source: string, at: number): number {
  const char = source.charAt(at);
  if (char === '\\') return endOf(ESCAPE, source, at);
  if (char === '[') return endOf(CLASS, source, at);
  if (char !== '(') return at + 1;
  let inner = at + 1;
  while (inner < source.length && source.charAt(inner) !== ')') inner = atomEnd(source, inner);
  return inner + 1;
}

function endOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at + 1;
}
