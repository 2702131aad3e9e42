import type { Clock } from '../../../clock.ts';
import type { AttemptListener } from '../attempt.ts';
import type { ExchangeFacts } from '../outcome.ts';
import { failureAnswer } from '../own-answer.ts';
import { createGathered } from '../tap/gathered.ts';
import type { AnswerHead } from '../upstream/call.ts';

/** Bodies of errors are short; a longer one is no reason to keep the client waiting. */
export const MAX_HELD_ANSWER_BYTES = 64 * 1024;
/** The body of an error comes with its head. One that does not is passed on as it comes. */
export const MAX_HOLD_MS = 1000;

/** How a try ended, as the client would see it. */
export type Ending = Pick<ExchangeFacts, 'status' | 'own' | 'cut'>;

/** What a screen asks, and whom it tells. */
export interface ScreenRules {
  readonly clock: Clock;
  /** The client. */
  readonly listener: AttemptListener;
  /** Whether another try may take the place of an answer of this status. */
  mayReplaceAnswer(status: number): boolean;
  /** Whether another try may take the place of this failure to get an answer. */
  mayReplaceFailure(code: string): boolean;
  /** The try is over and the client has seen nothing of it; `pass` shows it. */
  onEnd(ending: Ending, pass: () => void): void;
  /** The client begins to see this try. */
  onShown(): void;
  /** It does, because the end of the answer was too long in coming. */
  onUnheld(): void;
}

/**
 * Stands between a try and the client, and keeps back what may not be for its eyes, within bounds of size and time.
 *
 *   head → shown: all that follows passes by
 *        → held until the end: then it is `onEnd` who decides
 *        → held until it is too long or too slow: shown after all
 */
export class Screen implements AttemptListener {
  readonly upgraded?: NonNullable<AttemptListener['upgraded']>;
  readonly #rules: ScreenRules;
  readonly #body = createGathered();
  #held: AnswerHead | undefined;
  #trailers: readonly string[] | undefined;
  #isShown = false;
  #cancelHold: (() => void) | undefined;

  constructor(rules: ScreenRules) {
    this.#rules = rules;
    const { upgraded } = rules.listener;
    if (upgraded === undefined) return;
    this.upgraded = (agreement) => {
      this.#show();
      upgraded(agreement);
    };
  }

  /** It is no answer, and a client must be ready for any number of them (RFC 9110 section 15.2): another try may still follow. */
  information(head: AnswerHead): void {
    this.#rules.listener.information(head);
  }

  head(head: AnswerHead): void {
    const { clock, listener, mayReplaceAnswer } = this.#rules;
    if (mayReplaceAnswer(head.status)) {
      this.#held = head;
      this.#cancelHold = clock.after(MAX_HOLD_MS, () => this.#unhold());
    } else {
      this.#show();
      listener.head(head);
    }
  }

  data(chunk: Buffer): boolean {
    if (this.#held !== undefined && this.#body.bytes().length + chunk.length <= MAX_HELD_ANSWER_BYTES) {
      this.#body.push(chunk);
      return true;
    }
    if (this.#held !== undefined) this.#unhold();
    return this.#rules.listener.data(chunk);
  }

  end(trailers: readonly string[]): void {
    const { listener, onEnd } = this.#rules;
    if (this.#held === undefined) {
      listener.end(trailers);
      return;
    }
    this.#cancelHold?.();
    this.#trailers = trailers;
    onEnd({ status: this.#held.status, own: undefined, cut: undefined }, () => this.#show());
  }

  failed(code: string, message: string): void {
    const { listener, mayReplaceFailure, onEnd } = this.#rules;
    this.#cancelHold?.();
    const pass = (): void => {
      this.#show();
      listener.failed(code, message);
    };
    const own = failureAnswer(code, message);
    if (this.#held !== undefined) {
      const cut = { origin: own.origin, error: { code, message } };
      onEnd({ status: this.#held.status, own: undefined, cut }, pass);
    } else if (!this.#isShown && mayReplaceFailure(code)) onEnd({ status: own.status, own, cut: undefined }, pass);
    else pass();
  }

  /** Nobody will ask for what is held. */
  close(): void {
    this.#cancelHold?.();
    this.#held = undefined;
    this.#body.clear();
  }

  #unhold(): void {
    this.#rules.onUnheld();
    this.#show();
  }

  #show(): void {
    const { listener, onShown } = this.#rules;
    const head = this.#held;
    this.#cancelHold?.();
    this.#held = undefined;
    if (!this.#isShown) onShown();
    this.#isShown = true;
    if (head === undefined) return;
    listener.head(head);
    const body = this.#body.bytes();
    if (body.length > 0) listener.data(body);
    if (this.#trailers !== undefined) listener.end(this.#trailers);
  }
}
