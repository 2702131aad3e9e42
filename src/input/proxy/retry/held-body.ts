import { createGathered, type Gathered } from '../tap/gathered.ts';

/** A request body that is kept for another try while it goes up, as long as it fits. */
export class HeldBody {
  readonly #maxBytes: number;
  /** Nearly every body comes in one piece, which then need not be copied. */
  #first: Buffer | undefined;
  #more: Gathered | undefined;
  #isKept: boolean;

  /** `declaredBytes`: what its Content-Length says, 0 where nobody said. */
  constructor(maxBytes: number, declaredBytes: number) {
    this.#maxBytes = maxBytes;
    this.#isKept = declaredBytes <= maxBytes;
  }

  push(chunk: Buffer): void {
    if (!this.#isKept) return;
    const before = this.#bytes();
    if (before.length + chunk.length > this.#maxBytes) this.letGo();
    else if (before.length === 0) this.#first = chunk;
    else this.#append(before, chunk);
  }

  /** All that came, in one piece; undefined when it was too large or has been let go. */
  whole(): Buffer | undefined {
    return this.#isKept ? this.#bytes() : undefined;
  }

  /** Further tries send this one, whatever its size. */
  replace(body: Buffer): void {
    this.#first = body;
    this.#more = undefined;
  }

  /** No other try can come. */
  letGo(): void {
    this.#isKept = false;
    this.#first = undefined;
    this.#more = undefined;
  }

  #append(before: Buffer, chunk: Buffer): void {
    if (this.#more === undefined) {
      this.#more = createGathered();
      this.#more.push(before);
      this.#first = undefined;
    }
    this.#more.push(chunk);
  }

  #bytes(): Buffer {
    return this.#more?.bytes() ?? this.#first ?? NOTHING;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
