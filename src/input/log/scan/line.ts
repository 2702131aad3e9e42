import type { Writing } from './slot.ts';

/** The bytes that are being read: a chunk, of which a line is a part. */
export interface Line {
  bytes: Buffer;
  view: DataView;
}

export function createLine(): Line {
  return { bytes: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) };
}

/** Takes up other bytes; mostly they are those of the line before. */
export function lookAt(line: Line, bytes: Buffer): DataView {
  if (line.bytes !== bytes) {
    line.bytes = bytes;
    line.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return line.view;
}

/** A value as the slow reader sees it. Nothing in it is escaped: a line in which something wanted is has been passed on. */
export function valueIn({ bytes }: Line, writing: Writing, from: number, to: number): unknown {
  const text = bytes.toString('utf8', from, to);
  // Never throws: `endOfBare` has let pass only what JSON allows.
  return writing === 'bare' ? JSON.parse(text) : text;
}

const MINUS = 0x2d;
const N = 0x6e;

/** Whether the value says that there is nothing to say: the slow reader's `isBlank`. */
export function isBlankIn({ view }: Line, writing: Writing, from: number, to: number): boolean {
  if (writing === 'bare') return view.getUint8(from) === N;
  return to === from || (to === from + 1 && view.getUint8(from) === MINUS);
}
