import { createGathered, type Gathered } from './gathered.ts';

/** The start and the end of a body, each up to `maxBytes`; the middle of a longer one is not kept. */
export interface BoundedCopy {
  push(chunk: Buffer): void;
  /** True when nothing is missing between head and tail. */
  isWhole(): boolean;
  /** What was kept, good until the next push; where something is missing, head and tail stand side by side. */
  bytes(): Buffer;
}

/** What is pushed is copied: it is the sender's again when the read ends. Most answers come in one piece, and its copy is all there is. */
export function createBoundedCopy(maxBytes: number): BoundedCopy {
  return new Copy(maxBytes);
}

const EMPTY: Buffer = Buffer.alloc(0);

class Copy implements BoundedCopy {
  readonly #maxBytes: number;
  #only: Buffer | undefined;
  #head: Gathered | undefined;
  #headBytes = 0;
  /** The end is kept in a ring, so that a body of any length costs one copy of its bytes and no memory beyond this. */
  #ring: Buffer | undefined;
  #tailBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    if (this.#headBytes === 0 && this.#only === undefined && chunk.length <= this.#maxBytes) {
      this.#only = Buffer.from(chunk);
      return;
    }
    if (this.#only !== undefined) this.#copy(this.#only);
    this.#only = undefined;
    this.#copy(chunk);
  }

  isWhole(): boolean {
    return this.#tailBytes <= this.#maxBytes;
  }

  bytes(): Buffer {
    if (this.#only !== undefined) return this.#only;
    const head = this.#head?.bytes() ?? EMPTY;
    return this.#tailBytes === 0 ? head : Buffer.concat([head, ...this.#tail()]);
  }

  #copy(chunk: Buffer): void {
    const first = chunk.subarray(0, this.#maxBytes - this.#headBytes);
    if (first.length > 0) {
      this.#head ??= createGathered();
      this.#head.push(first);
    }
    this.#headBytes += first.length;
    if (first.length < chunk.length) this.#pushTail(chunk.subarray(first.length));
  }

  #pushTail(chunk: Buffer): void {
    this.#ring ??= Buffer.allocUnsafe(this.#maxBytes);
    const kept = chunk.subarray(-this.#maxBytes);
    const start = (this.#tailBytes + chunk.length - kept.length) % this.#maxBytes;
    const untilWrap = kept.copy(this.#ring, start);
    kept.copy(this.#ring, 0, untilWrap);
    this.#tailBytes += chunk.length;
  }

  #tail(): readonly Buffer[] {
    if (this.#ring === undefined) return [];
    if (this.#tailBytes <= this.#maxBytes) return [this.#ring.subarray(0, this.#tailBytes)];
    const oldest = this.#tailBytes % this.#maxBytes;
    return [this.#ring.subarray(oldest), this.#ring.subarray(0, oldest)];
  }
}
