/** Bytes that are compared often: a literal of a format, a value seen before. */
export interface Bytes {
  readonly view: DataView;
  readonly length: number;
}

export function bytesOf(source: Uint8Array): Bytes {
  return { view: new DataView(Uint8Array.from(source).buffer), length: source.length };
}

/**
 * Whether `wanted` stands in `view` from `at`; the caller has seen to it that so many bytes are left. Eight bytes are compared at once
 * as a double, the last eight with some of those before them: two doubles are equal when their bits are, except for zero, which has two
 * forms, and NaN. Neither is met in `wanted`, which is printable ASCII.
 */
export function isAt(view: DataView, at: number, wanted: DataView, length: number): boolean {
  if (length < 8) return isShortAt(view, at, wanted, length);
  const last = length - 8;
  for (let offset = 0; offset < last; offset += 8) {
    if (view.getFloat64(at + offset, true) !== wanted.getFloat64(offset, true)) return false;
  }
  return view.getFloat64(at + last, true) === wanted.getFloat64(last, true);
}

function isShortAt(view: DataView, at: number, wanted: DataView, length: number): boolean {
  if (length >= 4) {
    return (
      view.getInt32(at, true) === wanted.getInt32(0, true) &&
      view.getInt32(at + length - 4, true) === wanted.getInt32(length - 4, true)
    );
  }
  for (let offset = 0; offset < length; offset += 1) {
    if (view.getUint8(at + offset) !== wanted.getUint8(offset)) return false;
  }
  return true;
}

const LOWEST = 0x20;
const HIGHEST = 0x7e;

/** Whether all bytes are printable ASCII, so that each stands for itself and `isAt` can compare them. */
export function isPrintable(view: DataView, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = view.getUint8(at);
    if (byte < LOWEST || byte > HIGHEST) return false;
  }
  return true;
}
