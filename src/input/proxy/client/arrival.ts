/** Where a request that is on its way stands. */
export type Lateness = 'in_time' | 'head_late' | 'body_late';

/**
 * How a request comes in. Its head must be here in time as a whole, or it could come byte by byte for ever (slowloris); of its body something
 * must come from time to time. Times are the clock's `elapsedMs`.
 */
export class Arrival {
  #headSinceMs: number | undefined;
  /** What had been read when something last came, and when that was, as far as has been looked. */
  #seenBytes = 0;
  #seenMs = 0;

  constructor(nowMs: number) {
    this.#headSinceMs = nowMs;
  }

  get awaitsHead(): boolean {
    return this.#headSinceMs !== undefined;
  }

  /** The first bytes of a head are here. */
  headBegins(nowMs: number): void {
    this.#headSinceMs ??= nowMs;
  }

  headEnds(): void {
    this.#headSinceMs = undefined;
  }

  /** `bytesRead`: of the connection; `isPaused`: the client has to wait for us. */
  look({ nowMs, allowedMs, bytesRead, isPaused }: Look): Lateness {
    if (this.#headSinceMs !== undefined) return nowMs - this.#headSinceMs < allowedMs ? 'in_time' : 'head_late';
    if (bytesRead === this.#seenBytes && !isPaused) return nowMs - this.#seenMs < allowedMs ? 'in_time' : 'body_late';
    this.#seenBytes = bytesRead;
    this.#seenMs = nowMs;
    return 'in_time';
  }
}

export interface Look {
  readonly nowMs: number;
  readonly allowedMs: number;
  readonly bytesRead: number;
  readonly isPaused: boolean;
}
