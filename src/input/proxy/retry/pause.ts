import type { Clock } from '../../../clock.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { AttemptVerdict, LiveRequest } from '../../../event/sink.ts';
import type { Guard } from '../tap/guard.ts';
import type { Destination } from './fallback.ts';

/** A try that is over, and what is to follow it. */
export interface Followed {
  readonly event: RequestEvent;
  readonly verdict: AttemptVerdict;
  readonly delayMs: number;
  readonly to: Destination;
}

export interface PauseOptions {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly live: LiveRequest;
  readonly followed: Followed;
  /** The wait is over, and the try before is counted. */
  readonly onOver: () => void;
  /** Shows the try before to the client. */
  readonly pass: () => void;
}

/** The wait between a try that failed and the next one, as long as the answer of the first can still be shown. */
export class Pause {
  readonly #options: PauseOptions;
  readonly #cancel: () => void;

  constructor(options: PauseOptions) {
    const { clock, guard, live, followed } = options;
    this.#options = options;
    this.#cancel = clock.after(followed.delayMs, () => {
      this.#count();
      guard('retry', undefined, () => live.retry(followed.verdict, 'retried'));
      options.onOver();
    });
  }

  /** No other try follows, and the client gets what there is. */
  pass(): void {
    this.#cancel();
    this.#options.pass();
  }

  /** No other try follows, and nobody is there any more: the try before counts by itself. */
  abandon(): void {
    this.#cancel();
    this.#count();
  }

  #count(): void {
    const { guard, live, followed } = this.#options;
    guard('retry', undefined, () => live.attempt({ ...followed.event, final: false }));
  }
}
