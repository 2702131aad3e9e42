const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;

/** Where a value lies: from `start` up to `end`. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Thrown out of a walk over bytes that are no JSON; the message says what was met. Caught where the body is answered. */
export class BrokenJsonError extends Error {
  override readonly name = 'BrokenJsonError';
}

/**
 * The elements of the array that begins at `start`, and in the end where it ends. Only as much is looked at as tells where a value ends:
 * each element is parsed by itself afterwards, since `JSON.parse` of one large array holds up the event loop for as long as it takes.
 * Throws a BrokenJsonError where the array is none.
 */
export function* elements(bytes: Buffer, start: number): Generator<Extent, number> {
  let at = skipSpace(bytes, start + 1);
  if (byteIs(bytes, at, ']')) return at + 1;
  for (;;) {
    const end = endOfValue(bytes, at);
    yield { start: at, end };
    at = skipSpace(bytes, end);
    if (byteIs(bytes, at, ']')) return at + 1;
    at = skipSpace(bytes, expect(bytes, at, COMMA, 'a comma or ]'));
  }
}

/** The members of the object that begins at `start`: the key as it is written, quotes included, and the value. Throws as `elements` does. */
export function* members(bytes: Buffer, start: number): Generator<{ readonly key: string; readonly value: Extent }> {
  let at = skipSpace(bytes, start + 1);
  if (byteIs(bytes, at, '}')) return;
  for (;;) {
    const keyEnd = endOfValue(bytes, at);
    const valueStart = skipSpace(bytes, expect(bytes, skipSpace(bytes, keyEnd), COLON, 'a colon'));
    const end = endOfValue(bytes, valueStart);
    yield { key: bytes.toString('latin1', at, keyEnd), value: { start: valueStart, end } };
    at = skipSpace(bytes, end);
    if (byteIs(bytes, at, '}')) return;
    at = skipSpace(bytes, expect(bytes, at, COMMA, 'a comma or }'));
  }
}

/** The first place from `at` on that is no white space. */
export function skipSpace(bytes: Buffer, at: number): number {
  let next = at;
  for (;;) {
    const byte = bytes[next];
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return next;
    next += 1;
  }
}

/** True when this character, which is ASCII, stands at that place. */
export function byteIs(bytes: Buffer, at: number, character: string): boolean {
  return bytes[at] === character.charCodeAt(0);
}

/** Where the value that begins at `start` ends. What is inside it may be wrong still. Throws a BrokenJsonError when it does not end. */
export function endOfValue(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === undefined) throw new BrokenJsonError('it ends where a value must follow');
  const end =
    first === QUOTE ? endOfString(bytes, start) : opens(first) ? endOfNested(bytes, start) : endOfWord(bytes, start);
  if (end > bytes.length) throw new BrokenJsonError('it ends in the middle of a value');
  if (end === start) throw new BrokenJsonError('a value is missing');
  return end;
}

/** Brackets are counted and not compared: `{"a":1]` ends too, and is told apart when it is parsed. */
function endOfNested(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfString(bytes, at) - 1;
    else if (opens(byte)) depth += 1;
    else if (closes(byte) && --depth === 0) return at + 1;
  }
  return bytes.length + 1;
}

function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  return bytes.length + 1;
}

/** A number, `true`, `null`, or something that is no JSON at all. */
function endOfWord(bytes: Buffer, start: number): number {
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === COMMA || byte === COLON || byte <= 32 || byte === QUOTE || opens(byte) || closes(byte)) break;
  }
  return at;
}

/** `{` and `[` differ in one bit, and so do `}` and `]`. */
function opens(byte: number): boolean {
  return (byte | 32) === 123;
}

function closes(byte: number): boolean {
  return (byte | 32) === 125;
}

function expect(bytes: Buffer, at: number, byte: number, what: string): number {
  if (bytes[at] === byte) return at + 1;
  const where = bytes[at] === undefined ? 'it ends' : `something else stands at byte ${at}`;
  throw new BrokenJsonError(`${where} where ${what} must follow`);
}
