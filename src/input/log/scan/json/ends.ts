const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/**
 * Where the string that holds `from` ends: the place of its quote. -1 when there is a backslash in it or anything that JSON does not
 * allow, or no end. Four bytes are looked at in one step: a byte below 0x20, a quote and a backslash each leave the top bit of their
 * byte set when something is taken from all four. Bytes beyond ASCII pass: where they are no UTF-8 they become U+FFFD, and are a string still.
 */
export function endOfString(view: DataView, from: number, limit: number): number {
  let at = from;
  for (const wide = limit - 4; at <= wide; at += 4) {
    const four = view.getInt32(at, true);
    const quotes = (four ^ 0x22222222) - 0x01010101;
    const backslashes = (four ^ 0x5c5c5c5c) - 0x01010101;
    const found = (quotes | backslashes | (four - 0x20202020)) & ~four & 0x80808080;
    // The lowest mark is the first in the text. Those above it may be a carry of the subtraction.
    if (found !== 0) return endOrNone(view, at + ((31 - Math.clz32(found & -found)) >> 3));
  }
  for (; at < limit; at += 1) {
    const byte = view.getUint8(at);
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return endOrNone(view, at);
  }
  return -1;
}

function endOrNone(view: DataView, at: number): number {
  return view.getUint8(at) === QUOTE ? at : -1;
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Where the number or word (`true`, `null`) that holds `from` ends; -1 when it is none that JSON allows, or has no end. */
export function endOfBare(view: DataView, from: number, limit: number): number {
  let at = from;
  while (at < limit && isBare(view.getUint8(at))) at += 1;
  if (at === limit || at === from) return -1;
  return isPlainNumber(view, from, at) || isScalar(view, from, at) ? at : -1;
}

function isBare(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === POINT ||
    byte === MINUS ||
    byte === PLUS ||
    (letter >= 0x61 && letter <= 0x7a)
  );
}

/** The usual case: digits, of which a 0 is the first only when it is the only one before the point. */
function isPlainNumber(view: DataView, from: number, to: number): boolean {
  let point = -1;
  for (let at = from; at < to; at += 1) {
    const byte = view.getUint8(at);
    if (byte === POINT && point === -1 && at > from) point = at;
    else if (byte < 0x30 || byte > 0x39) return false;
  }
  const isZeroFirst = view.getUint8(from) === 0x30;
  return point !== to - 1 && (!isZeroFirst || to === from + 1 || point === from + 1);
}

const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)$/;
const MAX_SCALAR_BYTES = 64;

function isScalar(view: DataView, from: number, to: number): boolean {
  if (to - from > MAX_SCALAR_BYTES) return false;
  let text = '';
  for (let at = from; at < to; at += 1) text += String.fromCharCode(view.getUint8(at));
  return SCALAR.test(text);
}
