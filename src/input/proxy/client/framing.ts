/** What goes out in one write. */
export interface Outgoing {
  /** The head of the answer, where it is not out yet. */
  readonly head: string;
  /** Of the body, so many bytes together. They may be overwritten after the call. */
  readonly pieces: readonly Buffer[];
  readonly length: number;
  /** What follows the body. */
  readonly behind: string;
}

/** The end of a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';
const HEX = '0123456789abcdef';
const CR = 0x0d;
const LF = 0x0a;
/** What is shorter goes out as text with its head: for a larger one, to make that string costs more than to copy bytes. */
const MAX_TEXT_BYTES = 4 * 1024;

/** The end of a chunked body (RFC 9112 section 7.1); trailers are flat. */
export function lastChunk(trailers: readonly string[]): string {
  let text = '0\r\n';
  for (let at = 0; at + 1 < trailers.length; at += 2) text += `${trailers[at]}: ${trailers[at + 1]}\r\n`;
  return `${text}\r\n`;
}

/** A body as it is. Text is Latin-1. */
export function joined({ head, pieces, length, behind }: Outgoing): string | Buffer {
  if (length <= MAX_TEXT_BYTES) return head + latin1(pieces) + behind;
  return whole(head, pieces, length, behind);
}

/** The pieces as one chunk (RFC 9112 section 7.1). Text is Latin-1. */
export function chunked({ head, pieces, length, behind }: Outgoing): string | Buffer {
  if (length === 0) return head + behind;
  if (head === '') return framed(pieces, length, behind);
  const before = `${head}${length.toString(16)}\r\n`;
  if (length <= MAX_TEXT_BYTES) return `${before}${latin1(pieces)}\r\n${behind}`;
  return whole(before, pieces, length, `\r\n${behind}`);
}

function latin1(pieces: readonly Buffer[]): string {
  let text = '';
  for (const piece of pieces) text += piece.toString('latin1');
  return text;
}

function whole(before: string, pieces: readonly Buffer[], length: number, behind: string): Buffer {
  const bytes = Buffer.allocUnsafe(before.length + length + behind.length);
  bytes.write(before, 0, 'latin1');
  const at = setPieces(bytes, pieces, before.length);
  if (behind !== '') bytes.write(behind, at, 'latin1');
  return bytes;
}

function setPieces(bytes: Buffer, pieces: readonly Buffer[], start: number): number {
  let at = start;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return at;
}

/** A chunk behind others; bytes are set one by one, as a call of node's for two of them costs more than ten. */
function framed(pieces: readonly Buffer[], length: number, behind: string): Buffer {
  const digits = hexDigits(length);
  const bytes = Buffer.allocUnsafe(digits + length + 4 + behind.length);
  for (let at = digits, left = length; at > 0; left >>>= 4) {
    at -= 1;
    bytes[at] = HEX.charCodeAt(left & 0xf);
  }
  const at = endLine(bytes, setPieces(bytes, pieces, endLine(bytes, digits)));
  if (behind !== '') bytes.write(behind, at, 'latin1');
  return bytes;
}

function hexDigits(value: number): number {
  return Math.ceil((32 - Math.clz32(value)) / 4);
}

function endLine(bytes: Buffer, at: number): number {
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}
