/** How many requests may be under way at one time. */
export interface CapSettings {
  readonly max: number;
  readonly min: number;
  /** Whether it follows the load that the API can take; otherwise it is `max`. */
  readonly adaptive: boolean;
}

/** What the end of a try says about the load that it met. */
export type LoadSign = 'well' | 'overload';

/** What a cut leaves. TCP's CUBIC keeps as much (RFC 9438 section 4.6); the half of older TCP is regained too slowly with answers of a minute. */
const KEPT = 0.7;
/** Share of a round that may fail by overload without a cut: an API that refuses one request in a hundred is no reason to wait. */
const TOLERATED = 0.1;
/** Fewer outcomes than this are no round: with a small cap, one refusal would be a large share. */
const MIN_ROUND = 10;

/**
 * A cap that rises by one a round and falls to 0.7 of itself when a round shows overload: AIMD, which shares a bottleneck fairly with others
 * that do the same (Chiu and Jain, 1989).
 *
 * A round is as many outcomes as the cap lets be under way at a time: about one round trip when the cap is in full use, however long the
 * answers take, so no clock is needed. A cut ends it at once, as soon as a tenth of a round is overload. What was under way then has met
 * the old cap and says nothing of the new one: its outcome is ignored, and so a burst of refusals is one cut. The cap rises only after a
 * round in which it was reached: of a load that never was nothing is known. Plain AIMD, with a cut for each refusal, would come to rest
 * at about 15 under way with an API that refuses 1 % whatever the load.
 */
export class Cap {
  #settings: CapSettings;
  #value: number;
  /** Counts the cuts. */
  #epoch = 0;
  #outcomes = 0;
  #overloads = 0;
  #wasReached = false;

  constructor(settings: CapSettings) {
    this.#settings = settings;
    this.#value = settings.max;
  }

  get value(): number {
    return this.#value;
  }

  get isAdaptive(): boolean {
    return this.#settings.adaptive;
  }

  /** Of what begins now. */
  get epoch(): number {
    return this.#epoch;
  }

  /** One more request is under way, `inFlight` with it. The answer belongs to its outcome. */
  begins(inFlight: number): number {
    if (inFlight >= this.#value) this.#wasReached = true;
    return this.#epoch;
  }

  /** `epoch` is what `begins` answered. */
  ends(epoch: number, sign: LoadSign): void {
    if (!this.#settings.adaptive || epoch !== this.#epoch) return;
    const size = Math.max(MIN_ROUND, this.#value);
    this.#outcomes += 1;
    if (sign === 'overload') this.#overloads += 1;
    if (this.#overloads >= TOLERATED * size) this.#cut();
    else if (this.#outcomes >= size) this.#endRound();
  }

  /** A cap that was never cut, or has recovered, is the new maximum; one that was lowered stays where it is. */
  reconfigure(settings: CapSettings): void {
    const isWhole = !settings.adaptive || this.#value >= this.#settings.max;
    this.#settings = settings;
    this.#value = isWhole ? settings.max : this.#bounded(this.#value);
  }

  #cut(): void {
    this.#epoch += 1;
    this.#value = this.#bounded(Math.floor(this.#value * KEPT));
    this.#begin();
  }

  #endRound(): void {
    if (this.#wasReached) this.#value = this.#bounded(this.#value + 1);
    this.#begin();
  }

  #begin(): void {
    this.#outcomes = 0;
    this.#overloads = 0;
    this.#wasReached = false;
  }

  #bounded(value: number): number {
    const { min, max } = this.#settings;
    return Math.min(max, Math.max(min, value, 1));
  }
}
