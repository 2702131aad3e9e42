/** What became of a request, as far as limits are concerned: 429, a bare 500 or 503, or a success. */
const OUTCOMES = ['admitted', 'limited', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];
const OUTCOME_INDEX = { admitted: 0, limited: 1, failed: 2 } as const satisfies Record<Outcome, number>;

/** One request that was let in, or was not. What is not known is NaN. */
export interface Trial {
  readonly outcome: Outcome;
  readonly startMs: number;
  /** Other requests for the model that were under way when it began. */
  readonly inFlight: number;
  /** Size of the request. */
  readonly bytes: number;
}

/** The newest trials of one model. */
export interface Trials {
  /** Called for every success: it must not allocate. */
  add(outcome: Outcome, startMs: number, inFlight: number | undefined, bytes: number | undefined): void;
  /** `add` for an admitted one of which only the time is known. */
  admit(startMs: number): void;
  /** Whether anything but outcome and time is known of one of them. Of requests read from logs nothing is. */
  areMeasured(): boolean;
  /** How many of those kept were refused so, however long ago: where that is too few, a look at the list can be spared. */
  count(refused: Exclude<Outcome, 'admitted'>): number;
  /** Those of the last TRIAL_SECONDS that were `refused`, and the admitted, in the order in which they began. */
  list(refused: Outcome, timeMs: number): Trial[];
}

/** Two a second for two minutes; of busier models the last seconds are seen, which may be too little to infer from. */
const KEPT_TRIALS = 256;
/** Four minutes' windows: what a limit was before that may have changed. */
export const TRIAL_SECONDS = 240;

export function createTrials(): Trials {
  return new RingOfTrials();
}

/** A class, as it is changed for every success: closures take twice as long to compile and to call. */
class RingOfTrials implements Trials {
  readonly #outcomes = new Uint8Array(KEPT_TRIALS);
  readonly #starts = new Float64Array(KEPT_TRIALS).fill(Number.NEGATIVE_INFINITY);
  readonly #inFlights = new Float32Array(KEPT_TRIALS).fill(Number.NaN);
  readonly #sizes = new Float32Array(KEPT_TRIALS).fill(Number.NaN);
  /** A place is taken for an admitted one, of a time that nobody asks for, until it is filled. */
  readonly #counts = Uint16Array.of(KEPT_TRIALS, 0, 0);
  #next = 0;
  /** How many of those kept have anything of the last two. */
  #measured = 0;

  admit(startMs: number): void {
    const at = this.#next;
    // Nothing of the last two was known here, so nothing is to be forgotten.
    if (this.#measured > 0 || this.#outcomes[at] !== OUTCOME_INDEX.admitted) {
      this.add('admitted', startMs, undefined, undefined);
      return;
    }
    this.#starts[at] = startMs;
    this.#next = (at + 1) % KEPT_TRIALS;
  }

  add(outcome: Outcome, startMs: number, inFlight: number | undefined, bytes: number | undefined): void {
    const at = this.#next;
    const before = this.#outcomes[at] ?? 0;
    const now = OUTCOME_INDEX[outcome];
    if (now !== before) {
      this.#counts[before] = (this.#counts[before] ?? 0) - 1;
      this.#counts[now] = (this.#counts[now] ?? 0) + 1;
      this.#outcomes[at] = now;
    }
    this.#starts[at] = startMs;
    // Where nothing is known of any, nothing is to be replaced.
    if (this.#measured > 0 || inFlight !== undefined || bytes !== undefined) {
      if (this.#isMeasured(at)) this.#measured -= 1;
      this.#inFlights[at] = inFlight ?? Number.NaN;
      this.#sizes[at] = bytes ?? Number.NaN;
      if (this.#isMeasured(at)) this.#measured += 1;
    }
    this.#next = (at + 1) % KEPT_TRIALS;
  }

  areMeasured(): boolean {
    return this.#measured > 0;
  }

  count(refused: Exclude<Outcome, 'admitted'>): number {
    return this.#counts[OUTCOME_INDEX[refused]] ?? 0;
  }

  list(refused: Outcome, timeMs: number): Trial[] {
    const found: Trial[] = [];
    for (const [at, startMs] of this.#starts.entries()) {
      const outcome = OUTCOMES[this.#outcomes[at] ?? 0] ?? 'admitted';
      if (outcome !== refused && outcome !== 'admitted') continue;
      if (!(Math.abs(timeMs - startMs) <= TRIAL_SECONDS * 1000)) continue;
      const [inFlight = Number.NaN, bytes = Number.NaN] = [this.#inFlights[at], this.#sizes[at]];
      found.push({ outcome, startMs, inFlight, bytes });
    }
    return found.sort(byStart);
  }

  #isMeasured(at: number): boolean {
    return (this.#inFlights[at] ?? 0) >= 0 || (this.#sizes[at] ?? 0) >= 0;
  }
}

/** A refusal ends at once, so that the order of ends means nothing. Of what began together, the admitted came first. */
function byStart(a: Trial, b: Trial): number {
  return a.startMs - b.startMs || OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome);
}
