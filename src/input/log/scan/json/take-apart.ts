import { endOfBare, endOfString } from './ends.ts';

/** A value of a JSON line and the name under which the slow reader finds it; none inside lists. */
export interface Piece {
  readonly writing: 'string' | 'bare';
  readonly from: number;
  readonly to: number;
  readonly place: string | undefined;
}

/** A JSON line taken to pieces. */
export interface TakenApart {
  readonly pieces: readonly Piece[];
  /** Places that hold an object, and those that hold a list. */
  readonly objects: readonly string[];
  readonly lists: readonly string[];
}

/** More than a line of ours has by far; what is larger is read slowly. */
const MAX_PIECES = 96;
const MAX_DEPTH = 6;

const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, QUOTE, COLON, COMMA, SPACE] = [...'{}[]":, '].map((sign) =>
  sign.charCodeAt(0),
);

/**
 * Takes a line that is JSON to pieces. Undefined when its shape is not worth knowing: one key twice (the last would count), a name that
 * could be found in two ways, or more than MAX_PIECES values.
 */
export function takeApart(view: DataView, start: number, end: number): TakenApart | undefined {
  const pieces: Piece[] = [];
  const objects: string[] = [];
  const lists: string[] = [];
  const seen = new Set<string>();
  let at = start;

  const is = (byte: number | undefined) => at < end && view.getUint8(at) === byte;
  const skipSpaces = () => {
    while (is(SPACE)) at += 1;
  };
  const take = (byte: number | undefined) => {
    skipSpaces();
    if (!is(byte)) return false;
    at += 1;
    skipSpaces();
    return true;
  };

  function key(): string | undefined {
    if (!is(QUOTE)) return undefined;
    const to = endOfString(view, at + 1, end);
    if (to === -1) return undefined;
    let text = '';
    for (let place = at + 1; place < to; place += 1) text += String.fromCharCode(view.getUint8(place));
    at = to + 1;
    return /^[\x20-\x7e]*$/.test(text) && text !== '__proto__' && text !== '' ? text : undefined;
  }

  function value(place: string | undefined, depth: number): boolean {
    if (is(OPEN)) return depth < MAX_DEPTH && object(place, depth + 1);
    if (is(OPEN_LIST)) return depth < MAX_DEPTH && list(place, depth + 1);
    const writing = is(QUOTE) ? 'string' : 'bare';
    const from = writing === 'string' ? at + 1 : at;
    const to = writing === 'string' ? endOfString(view, from, end) : endOfBare(view, from, end);
    if (to === -1 || pieces.length === MAX_PIECES) return false;
    pieces.push({ writing, from, to, place });
    at = writing === 'string' ? to + 1 : to;
    return true;
  }

  function object(place: string | undefined, depth: number): boolean {
    if (place !== undefined && place !== '') objects.push(place);
    const names = new Set<string>();
    if (!take(OPEN)) return false;
    if (take(CLOSE)) return true;
    do {
      const name = key();
      if (name === undefined || names.has(name) || !take(COLON)) return false;
      names.add(name);
      const path = pathOf(place, name);
      if (path !== undefined && seen.has(path)) return false;
      if (path !== undefined) seen.add(path);
      if (!value(path, depth)) return false;
    } while (take(COMMA));
    return take(CLOSE);
  }

  function list(place: string | undefined, depth: number): boolean {
    if (place !== undefined) lists.push(place);
    if (!take(OPEN_LIST)) return false;
    if (take(CLOSE_LIST)) return true;
    do if (!value(undefined, depth)) return false;
    while (take(COMMA));
    return take(CLOSE_LIST);
  }

  return value('', 0) && at === end && view.getUint8(end - 1) === CLOSE ? { pieces, objects, lists } : undefined;
}

/** Dots join keys to a path, so a key with a dot has none, unless it is a key of the line itself (`gen_ai.request.model`). */
function pathOf(parent: string | undefined, name: string): string | undefined {
  if (parent === '') return name;
  return parent === undefined || name.includes('.') ? undefined : `${parent}.${name}`;
}
