/** The least or greatest value of late. */
export interface RecentExtreme {
  /** `value` is a number, and not NaN. */
  add(value: number, timeMs: number): void;
  /** Infinity where the least, and 0 where the greatest is asked for while there is none. */
  value(): number;
}

/** Routes and limits change: what was seen ten to twenty minutes ago is forgotten. */
const EPOCH_MS = 600_000;

export function createRecentExtreme(kind: 'least' | 'greatest'): RecentExtreme {
  return new Extreme(kind === 'least');
}

/** A class, as numbers that closures hold and change are boxed anew at each change. */
class Extreme implements RecentExtreme {
  readonly #isLeast: boolean;
  readonly #none: number;
  #fromMs = Number.NaN;
  #untilMs = Number.NaN;
  #current: number;
  #before: number;

  constructor(isLeast: boolean) {
    this.#isLeast = isLeast;
    this.#none = isLeast ? Number.POSITIVE_INFINITY : 0;
    this.#current = this.#none;
    this.#before = this.#none;
  }

  add(value: number, timeMs: number): void {
    if (!(timeMs >= this.#fromMs && timeMs < this.#untilMs)) this.#enter(timeMs);
    if (this.#isLeast ? value < this.#current : value > this.#current) this.#current = value;
  }

  value(): number {
    return this.#isLeast ? Math.min(this.#current, this.#before) : Math.max(this.#current, this.#before);
  }

  #enter(timeMs: number): void {
    const fromMs = Math.floor(timeMs / EPOCH_MS) * EPOCH_MS;
    this.#before = Math.abs(fromMs - this.#fromMs) === EPOCH_MS ? this.#current : this.#none;
    this.#current = this.#none;
    this.#fromMs = fromMs;
    this.#untilMs = fromMs + EPOCH_MS;
  }
}
