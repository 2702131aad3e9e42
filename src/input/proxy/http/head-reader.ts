import { InvalidMessageError } from './fields.ts';

const LF = 0x0a;
const CR = 0x0d;
/** CR LF CR LF */
const HEAD_END_BYTES = 4;
const FIRST_HOLD_BYTES = 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** The head is larger than allowed. */
export class HeadTooLargeError extends Error {
  override readonly name = 'HeadTooLargeError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`a head of more than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** A whole head: Latin-1, up to and without its blank line, and the bytes behind that. */
export interface FoundHead {
  readonly text: string;
  readonly rest: Buffer;
}

/** Finds the end of a head, however its bytes are cut (RFC 9112 section 2.1). Line ends are CRLF: a bare LF is read by some and not by others. */
export class HeadReader {
  readonly #maxBytes: number;
  readonly #refuseHopeless: (begun: Buffer) => void;
  /** The beginning of a head, in a buffer that doubles: a head that comes byte by byte costs no more than its length. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;

  /** `refuseHopeless` looks at the beginning of a head each time it grows, and throws where that is the beginning of none. */
  constructor(maxBytes: number, refuseHopeless: (begun: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#refuseHopeless = refuseHopeless;
  }

  /** Whether a head has begun. */
  get hasBegun(): boolean {
    return this.#heldBytes > 0;
  }

  /** Forgets what has begun. */
  reset(): void {
    this.#held = NOTHING;
    this.#heldBytes = 0;
  }

  /** Undefined: it goes on. Throws a HeadTooLargeError, or an InvalidMessageError for what will never be one: its end may never come. */
  push(bytes: Buffer): FoundHead | undefined {
    const before = this.#heldBytes;
    const all = before === 0 ? bytes : this.#hold(bytes);
    // The blank line may have begun in what was held.
    const end = headEnd(all, Math.max(0, before - HEAD_END_BYTES + 1));
    // All but the last byte of a blank line may be here, and no part of the head.
    if ((end === -1 ? all.length - HEAD_END_BYTES + 1 : end) > this.#maxBytes)
      throw new HeadTooLargeError(this.#maxBytes);
    if (end === -1) {
      this.#refuseHopeless(all);
      refuseBareEnds(all, before);
      if (before === 0) this.#hold(bytes);
      return undefined;
    }
    this.reset();
    return { text: all.toString('latin1', 0, end), rest: all.subarray(end + HEAD_END_BYTES) };
  }

  #hold(bytes: Buffer): Buffer {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * length, FIRST_HOLD_BYTES));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = length;
    return this.#held.subarray(0, length);
  }
}

/** Where the blank line begins, -1 where it is not here. A byte that is none of its own rules out all places that it would have in it. */
function headEnd(bytes: Buffer, from: number): number {
  let at = from + HEAD_END_BYTES - 1;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) at += HEAD_END_BYTES;
    else if (byte === LF && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at - 3;
    else at += 1;
  }
  return -1;
}

function refuseBareEnds(bytes: Buffer, from: number): void {
  for (let lf = bytes.indexOf(LF, from); lf !== -1; lf = bytes.indexOf(LF, lf + 1))
    if (lf === 0 || bytes[lf - 1] !== CR) throw new InvalidMessageError('a line of the head does not end in CRLF');
}
