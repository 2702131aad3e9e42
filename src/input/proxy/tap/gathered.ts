/** Bytes that come in pieces, in one buffer. */
export interface Gathered {
  push(piece: Buffer): void;
  /** All of them: a view, good until the next call. */
  bytes(): Buffer;
  clear(): void;
}

const EMPTY: Buffer = Buffer.alloc(0);
const FIRST_BYTES = 256;
/** Room that is kept for the next bytes after `clear`; one long line must not cost its memory for the whole stream. */
const MAX_KEPT_BYTES = 16 * 1024;

/**
 * A list of the pieces would be shorter to write, but each Buffer costs some 100 bytes beside its own: a sender of chunks
 * of one byte made a megabyte into a hundred. This takes at most twice what it holds, and copies each byte about twice.
 */
export function createGathered(): Gathered {
  let store = EMPTY;
  let length = 0;
  return {
    push(piece) {
      const needed = length + piece.length;
      if (needed > store.length) {
        const wider = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, store.length * 2, needed));
        store.copy(wider, 0, 0, length);
        store = wider;
      }
      piece.copy(store, length);
      length = needed;
    },
    bytes: () => store.subarray(0, length),
    clear() {
      length = 0;
      if (store.length > MAX_KEPT_BYTES) store = EMPTY;
    },
  };
}
