import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * The same JSON body asking for another model: the bytes of the one top-level `model` are exchanged, and no other byte changes, as
 * writing it anew would change numbers, spaces and escapes. Undefined where there is not exactly one, or it is no string, or the body
 * is no JSON object in UTF-8 (a coded one, a form): such a body is not touched.
 */
export function withModel(body: Buffer, model: string): Buffer | undefined {
  const place = isUtf8(body) && namesModel(body) ? placeOfModel(body) : undefined;
  if (place === undefined) return undefined;
  return Buffer.concat([body.subarray(0, place.from), Buffer.from(JSON.stringify(model)), body.subarray(place.to)]);
}

function namesModel(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && 'model' in value && typeof value.model === 'string';
  } catch {
    // Not JSON, which is what was asked.
    return false;
  }
}

interface Place {
  readonly from: number;
  readonly to: number;
}

/** Where the string that is the value of the top-level key stands, if it is there once. The text is known to be valid JSON. */
function placeOfModel(body: Buffer): Place | undefined {
  let place: Place | undefined;
  let named = 0;
  let depth = 0;
  let isKey = true;
  let key: unknown;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) {
      const to = stringEnd(body, at);
      if (depth === 1 && isKey) {
        key = JSON.parse(body.toString('utf8', at, to));
        if (key === 'model') named += 1;
      } else if (depth === 1 && key === 'model') place = { from: at, to };
      at = to - 1;
    } else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    else if (depth === 1 && (byte === COMMA || byte === COLON)) isKey = byte === COMMA;
  }
  return named === 1 ? place : undefined;
}

/** Behind the closing quote of the string that opens at `start`. */
function stringEnd(body: Buffer, start: number): number {
  let at = start + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
