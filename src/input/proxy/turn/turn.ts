import type { Clock } from '../../../clock.ts';
import type { QueuedRequest } from '../../../event/sink.ts';
import type { Line, Waiter } from './line.ts';
import { loadSignOf } from './overload.ts';
import type { Ranking } from './priority.ts';
import type { ShedReason } from './shed.ts';

/** Who hears how a wait ended: one of the two, once, unless the request leaves first; perhaps at once. */
export interface Asker {
  granted(): void;
  shed(reason: ShedReason): void;
}

/** What a turn needs of those who give it. */
export interface TurnOptions {
  readonly priority: string;
  /** The model that was named; by it the turn is found a line again when lines are formed anew. */
  readonly model: string | undefined;
  readonly asker: Asker;
  readonly wait: QueuedRequest;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** As configured now. */
  readonly ranking: () => Ranking;
  readonly onOver: () => void;
}

/**
 * One request that asks for its turn.
 *
 *   waits → under way → over
 *
 * A wait ends once: by the turn, by being shed (no room, or out of time), or by the request that leaves. Whoever calls `end`, and
 * however often, the place or the turn is given back once, and at once.
 */
export class Turn implements Waiter {
  readonly #options: TurnOptions;
  #line: Line<Turn>;
  #cancelTimeout: (() => void) | undefined;
  #state: 'waits' | 'underWay' | 'over' = 'waits';
  /** Set with the turn; what it came to may be known only after it was given back. */
  #epoch: number | undefined;

  constructor(line: Line<Turn>, options: TurnOptions) {
    this.#line = line;
    this.#options = options;
  }

  get model(): string | undefined {
    return this.#options.model;
  }

  get rank(): number {
    return this.#options.ranking().rankOf(this.#options.priority);
  }

  /** Asks; the answer may come before this returns. */
  enter(): void {
    const { clock, timeoutMs } = this.#options;
    this.#line.enter(this);
    if (this.#state === 'waits') this.#cancelTimeout = clock.after(timeoutMs, () => this.#sheds('queue_timeout'));
  }

  /** Stands in another line from here, with the same right. */
  moveTo(line: Line<Turn>): void {
    this.#line = line;
    if (this.#state === 'underWay') this.#epoch = line.adopt();
    else line.queue(this);
  }

  granted(epoch: number): void {
    this.#state = 'underWay';
    this.#epoch = epoch;
    this.#cancelTimeout?.();
    this.#options.wait.admitted();
    this.#options.asker.granted();
  }

  shed(): void {
    this.#sheds('queue_full');
  }

  /** Whether anything follows from `report`. */
  get learns(): boolean {
    return this.#epoch !== undefined && this.#line.isAdaptive === true;
  }

  /** What a try came to: an adaptive cap follows it. A next try of this turn begins after this. */
  report(cause: string): void {
    const sign = loadSignOf(cause);
    if (this.#epoch === undefined || sign === undefined) return;
    this.#epoch = this.#line.learn(this.#epoch, sign);
  }

  end(): void {
    const before = this.#state;
    if (before === 'over') return;
    this.#over();
    if (before === 'waits') {
      this.#line.leave(this);
      this.#options.wait.left();
    } else {
      this.#line.release();
    }
  }

  #sheds(reason: ShedReason): void {
    if (this.#state !== 'waits') return;
    this.#over();
    this.#line.leave(this);
    this.#options.wait.rejected();
    this.#options.asker.shed(reason);
  }

  #over(): void {
    this.#state = 'over';
    this.#cancelTimeout?.();
    this.#options.onOver();
  }
}
