import { Cap, type CapSettings, type LoadSign } from './cap.ts';
import { createWaiting } from './waiting.ts';

export interface LineSettings extends CapSettings {
  /** Most that may wait. */
  readonly queue: number;
}

/** One who stands in a line. Of the two calls one comes at most, unless it leaves first; it may come at once. */
export interface Waiter {
  readonly rank: number;
  granted(epoch: number): void;
  /** There is no room. */
  shed(): void;
}

/**
 * A cap on what is under way, and those who wait for it.
 *
 * Nobody waits while there is room below the cap. Where there is none, highest rank goes first and in a rank the oldest: as long as
 * higher ones keep coming, a lower one does not get on at all, which is what priorities mean; only the queue's timeout ends its wait. In a
 * full queue the newest of the lowest rank gives way to one of a higher rank, and any other newcomer is shed itself: those who have waited
 * long lose most by it.
 */
export class Line<W extends Waiter> {
  readonly #cap: Cap;
  #waiting = createWaiting<W>();
  #queue: number;
  #inFlight = 0;
  #isGranting = false;

  constructor(settings: LineSettings) {
    this.#cap = new Cap(settings);
    this.#queue = settings.queue;
  }

  get cap(): number {
    return this.#cap.value;
  }

  get isAdaptive(): boolean {
    return this.#cap.isAdaptive;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Nobody is under way and nobody waits. */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#waiting.size === 0;
  }

  enter(waiter: W): void {
    if (this.#waiting.size < this.#queue || this.#hasRoom) {
      this.queue(waiter);
      this.advance();
      return;
    }
    const last = this.#waiting.last();
    if (last === undefined || last.rank <= waiter.rank) {
      waiter.shed();
      return;
    }
    this.#waiting.remove(last.who);
    this.queue(waiter);
    last.who.shed();
  }

  /** Adds one who waits, be the queue full or not, and lets nobody go. */
  queue(waiter: W): void {
    this.#waiting.add(waiter, waiter.rank);
  }

  /** Adds one who is under way already. */
  adopt(): number {
    this.#inFlight += 1;
    return this.#cap.begins(this.#inFlight);
  }

  /** One who waits goes away. */
  leave(waiter: W): void {
    this.#waiting.remove(waiter);
  }

  /** One who was under way is over. */
  release(): void {
    this.#inFlight -= 1;
    this.advance();
  }

  /** What a try came to; `epoch` came with the turn. Answers with the epoch that a next try of it belongs to. */
  learn(epoch: number, sign: LoadSign): number {
    this.#cap.ends(epoch, sign);
    const next = this.#cap.epoch;
    this.advance();
    return next;
  }

  /** Those who wait keep their places. */
  reconfigure(settings: LineSettings): void {
    this.#cap.reconfigure(settings);
    this.#queue = settings.queue;
    const all = this.#waiting.all();
    // Ranks may mean other priorities now.
    this.#waiting = createWaiting();
    for (const waiter of all) this.queue(waiter);
    this.advance();
  }

  /** Lets go whoever may. What a grant leads to may end at once and come back here: the loop that runs goes on with it. */
  advance(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    try {
      for (let next = this.#waiting.first(); next !== undefined && this.#hasRoom; next = this.#waiting.first()) {
        this.#waiting.remove(next);
        next.granted(this.adopt());
      }
    } finally {
      this.#isGranting = false;
    }
  }

  get #hasRoom(): boolean {
    return this.#inFlight < this.#cap.value;
  }
}
