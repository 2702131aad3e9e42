import { createGathered, type Gathered } from '../tap/gathered.ts';

/** What came before it could be read, up to a bound at which its sender has to wait. */
export class HeldBytes {
  readonly #maxBytes: number;
  /** Mostly all there is, which then need not be copied. */
  #first: Buffer = NOTHING;
  #all: Gathered | undefined;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** One read more than the bound is held at most. */
  get isFull(): boolean {
    return this.#length >= this.#maxBytes;
  }

  push(bytes: Buffer): void {
    if (this.#length === 0) this.#first = bytes;
    else this.#append(bytes);
    this.#length += bytes.length;
  }

  /** Hands all of it over. */
  take(): Buffer {
    const all = this.#all?.bytes() ?? this.#first;
    this.#first = NOTHING;
    this.#all = undefined;
    this.#length = 0;
    return all;
  }

  #append(bytes: Buffer): void {
    if (this.#all === undefined) {
      this.#all = createGathered();
      this.#all.push(this.#first);
      this.#first = NOTHING;
    }
    this.#all.push(bytes);
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
