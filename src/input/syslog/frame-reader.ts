const NUL = 0;
const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;
const LESS = 60;
const DELETE = 127;
const NOTHING = Buffer.alloc(0);

/** No message has more digits in its length: this many are 1 GB. */
const MAX_COUNT_DIGITS = 9;
/** Above this the memory of a held frame is given back when the frame ends. */
const KEPT_BYTES = 64 * 1024;

/** What was left when a connection ended. */
export type Rest = 'nothing' | 'unterminated';

export interface FrameReaderOptions {
  readonly maxMessageBytes: number;
  /** One message, whose bytes are only good during the call. */
  readonly onMessage: (bytes: Buffer, start: number, end: number) => void;
  /** Called once for each message above the limit, where it is let go. */
  readonly onTooLong: () => void;
  /** Called once for each stretch of bytes that begins no message; reading is in step again behind the next newline. */
  readonly onInvalid: () => void;
  /** Called when there is no newline within the length of a message: only a new connection brings sender and reader in step again. */
  readonly onLost: () => void;
}

/**
 * Where a stream of frames stands. `between`: a frame must begin. `count`: in the digits in front of a counted one. `counted`: in its bytes,
 * `left` are to come. `line`: in one that a newline ends. `skip_counted`, `skip_line`: in one that is let go.
 */
type State = 'between' | 'count' | 'counted' | 'line' | 'skip_counted' | 'skip_line';

/**
 * Cuts the bytes of a TCP connection into syslog messages, however the chunks fall. Both framings of RFC 6587 are read, and may change from
 * one message to the next: a length and a space in front (section 3.4.1), or a newline behind (3.4.2), which is known by what a message
 * begins with. Senders that write without a priority begin theirs with anything; one that begins with a number and a space cannot be told
 * from a length. Memory is bounded by `maxMessageBytes`.
 */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  /** May change at any time; it holds for the message that was begun, too. */
  maxMessageBytes: number;
  #state: State = 'between';
  /** Bytes of the present frame that came in earlier chunks. */
  #held = NOTHING;
  #heldLength = 0;
  #left = 0;
  /** How far reading is out of step. */
  #lostBytes: number | undefined;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.maxMessageBytes = options.maxMessageBytes;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at = this.#step(chunk, at);
  }

  /** The sender closed in good order, so what follows the last newline is a message (RFC 6587 section 3.4.2). */
  finish(): Rest {
    if (this.#state === 'line' || this.#state === 'count') {
      this.#emit(NOTHING, 0, 0);
      return 'nothing';
    }
    return this.abandon();
  }

  /** The connection broke: forgets the message that was begun and says what it was. A skipped one has been told before. */
  abandon(): Rest {
    const begun = this.#state === 'line' || this.#state === 'count' || this.#state === 'counted';
    this.#reset();
    return begun ? 'unterminated' : 'nothing';
  }

  /** Reads on from `at` in the present state; returns where to go on. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'between':
        return this.#begin(chunk, at);
      case 'count':
        return this.#readCount(chunk, at);
      case 'counted':
        return this.#readCounted(chunk, at);
      case 'line':
        return this.#readLine(chunk, at);
      case 'skip_counted':
        return this.#skipCounted(chunk, at);
      case 'skip_line':
        return this.#skipLine(chunk, at);
      default:
        return this.#state satisfies never;
    }
  }

  #begin(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? NUL;
    // Some senders end a counted message with a newline as well, and others a line with a NUL.
    if (byte === LF || byte === CR || byte === NUL || byte === SPACE) return at + 1;
    if (byte > ZERO && byte <= NINE) this.#state = 'count';
    else if (byte < SPACE || byte === DELETE) this.#lose();
    else this.#state = 'line';
    return at;
  }

  /** The digits are held: they turn out to be the beginning of a line when no space follows them. */
  #readCount(chunk: Buffer, at: number): number {
    let end = at;
    while (end < chunk.length && isDigit(chunk[end]) && this.#heldLength + end - at <= MAX_COUNT_DIGITS) end += 1;
    this.#hold(chunk, at, end);
    if (end === chunk.length) return end;
    if (chunk[end] !== SPACE || this.#heldLength > MAX_COUNT_DIGITS) {
      this.#state = 'line';
      return end;
    }
    const length = Number(this.#held.toString('latin1', 0, this.#heldLength));
    this.#reset();
    this.#left = length;
    this.#state = this.#left > this.maxMessageBytes ? 'skip_counted' : 'counted';
    if (this.#state === 'skip_counted') this.#options.onTooLong();
    return end + 1;
  }

  #readCounted(chunk: Buffer, at: number): number {
    // A message behind a length begins with its priority (RFC 5424). Anything else means that the length was wrong, or none.
    if (this.#heldLength === 0 && chunk[at] !== LESS) {
      this.#lose();
      return at;
    }
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left === 0) this.#emit(chunk, at, end);
    else this.#hold(chunk, at, end);
    return end;
  }

  #readLine(chunk: Buffer, at: number): number {
    const newline = chunk.indexOf(LF, at);
    const end = newline === -1 ? chunk.length : newline;
    if (this.#heldLength + end - at > this.maxMessageBytes) {
      this.#options.onTooLong();
      this.#reset();
      this.#state = 'skip_line';
      return end;
    }
    if (newline === -1) {
      this.#hold(chunk, at, end);
      return end;
    }
    this.#emit(chunk, at, end);
    return end + 1;
  }

  #skipCounted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left === 0) this.#reset();
    return end;
  }

  #skipLine(chunk: Buffer, at: number): number {
    const newline = chunk.indexOf(LF, at);
    if (newline !== -1) {
      this.#reset();
      return newline + 1;
    }
    if (this.#lostBytes !== undefined) {
      this.#lostBytes += chunk.length - at;
      if (this.#lostBytes > this.maxMessageBytes) this.#options.onLost();
    }
    return chunk.length;
  }

  #lose(): void {
    this.#options.onInvalid();
    this.#reset();
    this.#state = 'skip_line';
    this.#lostBytes = 0;
  }

  #emit(chunk: Buffer, start: number, end: number): void {
    if (this.#heldLength === 0) {
      this.#reset();
      this.#options.onMessage(chunk, start, end);
      return;
    }
    this.#hold(chunk, start, end);
    const length = this.#heldLength;
    const held = this.#held;
    this.#reset();
    this.#options.onMessage(held, 0, length);
  }

  /** Doubles, so that a message which comes in byte by byte is not copied once for each byte. */
  #hold(chunk: Buffer, start: number, end: number): void {
    const length = this.#heldLength + end - start;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.#held.length * 2));
      this.#held.copy(larger, 0, 0, this.#heldLength);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldLength, start, end);
    this.#heldLength = length;
  }

  #reset(): void {
    this.#state = 'between';
    this.#heldLength = 0;
    this.#left = 0;
    this.#lostBytes = undefined;
    if (this.#held.length > KEPT_BYTES) this.#held = NOTHING;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
