import { type Bytes, isAt } from '../bytes.ts';

const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;
const BACKSLASH = 0x5c;
const EVERY_BYTE = 0x01010101;

/**
 * Where a value in text ends: where `after` first occurs. -1 when the line ends before, or when there is a backslash, which may be the
 * escape of what looks like the end, or a control character, which may belong to a colour.
 */
export function endOfText(view: DataView, from: number, limit: number, after: Bytes): number {
  const stop = after.view.getUint8(0);
  const stops = stop * EVERY_BYTE;
  const last = limit - after.length;
  let at = from;
  while (at <= last) {
    at = endOfRun(view, at, limit, stops);
    if (at > last || view.getUint8(at) !== stop) return -1;
    if (isAt(view, at, after.view, after.length)) return at;
    at += 1;
  }
  return -1;
}

const COMMA = 0x2c;
const COLON = 0x3a;

/** As `endOfText`. What ends the value may be the separator of a list (`502, 200`, `502 : 200`): then it is for the slow reader to say. */
export function endOfListed(view: DataView, from: number, limit: number, after: Bytes): number {
  const end = endOfText(view, from, limit, after);
  if (end === -1) return -1;
  for (let at = Math.max(from, end - 1); at < Math.min(limit, end + 2); at += 1) {
    const byte = view.getUint8(at);
    if (byte === COMMA || byte === COLON) return -1;
  }
  return end;
}

/** The first byte that is one of `stops` (one byte, four times), a control character or a backslash; `limit` when there is none. */
function endOfRun(view: DataView, from: number, limit: number, stops: number): number {
  let at = from;
  for (const wide = limit - 4; at <= wide; at += 4) {
    const four = view.getInt32(at, true);
    const marks = ((four ^ stops) - EVERY_BYTE) | ((four ^ 0x5c5c5c5c) - EVERY_BYTE) | (four - 0x20202020);
    const found = marks & ~four & 0x80808080;
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
  }
  const stop = stops & 0xff;
  for (; at < limit; at += 1) {
    const byte = view.getUint8(at);
    if (byte === stop || byte < SPACE || byte === BACKSLASH) return at;
  }
  return limit;
}

/** Where the line ends: before its newline, or at `limit`. -1 when something else stops it, a space too: some values have none. */
export function endOfLine(view: DataView, from: number, limit: number): number {
  const at = endOfRun(view, from, limit, SPACE * EVERY_BYTE);
  if (at === limit || view.getUint8(at) === LF) return at;
  return view.getUint8(at) === CR && at + 1 < limit && view.getUint8(at + 1) === LF ? at : -1;
}
