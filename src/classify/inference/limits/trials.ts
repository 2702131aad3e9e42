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
  const outcomes = new Uint8Array(KEPT_TRIALS);
  const counts = new Uint16Array(OUTCOMES.length);
  // A place is taken for an admitted one, of a time that nobody asks for, until it is filled.
  counts[OUTCOME_INDEX.admitted] = KEPT_TRIALS;
  const starts = new Float64Array(KEPT_TRIALS).fill(Number.NEGATIVE_INFINITY);
  const inFlights = new Float32Array(KEPT_TRIALS).fill(Number.NaN);
  const sizes = new Float32Array(KEPT_TRIALS).fill(Number.NaN);
  let next = 0;
  /** How many of those kept have anything of the last two. */
  let measured = 0;
  const isMeasured = (at: number) => (inFlights[at] ?? 0) >= 0 || (sizes[at] ?? 0) >= 0;
  const trials: Trials = {
    admit(startMs) {
      // Nothing of the last two was known here, so nothing is to be forgotten.
      if (measured > 0 || outcomes[next] !== OUTCOME_INDEX.admitted) {
        trials.add('admitted', startMs, undefined, undefined);
        return;
      }
      starts[next] = startMs;
      next = next === KEPT_TRIALS - 1 ? 0 : next + 1;
    },
    add(outcome, startMs, inFlight, bytes) {
      const before = outcomes[next] ?? 0;
      const now = OUTCOME_INDEX[outcome];
      if (now !== before) {
        counts[before] = (counts[before] ?? 0) - 1;
        counts[now] = (counts[now] ?? 0) + 1;
        outcomes[next] = now;
      }
      starts[next] = startMs;
      // Where nothing is known of any, nothing is to be replaced.
      if (measured > 0 || inFlight !== undefined || bytes !== undefined) {
        if (isMeasured(next)) measured -= 1;
        inFlights[next] = inFlight ?? Number.NaN;
        sizes[next] = bytes ?? Number.NaN;
        if (isMeasured(next)) measured += 1;
      }
      next = next === KEPT_TRIALS - 1 ? 0 : next + 1;
    },
    areMeasured: () => measured > 0,
    count: (refused) => counts[OUTCOME_INDEX[refused]] ?? 0,
    list(refused, timeMs) {
      const found: Trial[] = [];
      for (const [at, startMs] of starts.entries()) {
        const outcome = OUTCOMES[outcomes[at] ?? 0] ?? 'admitted';
        if (outcome !== refused && outcome !== 'admitted') continue;
        if (!(Math.abs(timeMs - startMs) <= TRIAL_SECONDS * 1000)) continue;
        found.push({ outcome, startMs, inFlight: inFlights[at] ?? Number.NaN, bytes: sizes[at] ?? Number.NaN });
      }
      return found.sort(byStart);
    },
  };
  return trials;
}

/** A refusal ends at once, so that the order of ends means nothing. Of what began together, the admitted came first. */
function byStart(a: Trial, b: Trial): number {
  return a.startMs - b.startMs || OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome);
}
