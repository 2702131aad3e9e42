/** Sends one batch; `sent` is called when the system has taken it, or never will. */
export type SendBatch<M> = (batch: readonly M[], sent: () => void) => void;

/**
 * What one process has to say to another. All that comes up in one turn of the event loop goes out together at its end, and one batch at a
 * time: as long as the other side takes nothing, what follows waits here, where it can be seen and bounded.
 */
export class Outbox<M> {
  readonly #send: SendBatch<M>;
  #waiting: M[] = [];
  #isScheduled = false;
  #isSending = false;

  constructor(send: SendBatch<M>) {
    this.#send = send;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  push(message: M): void {
    this.#waiting.push(message);
    this.#schedule();
  }

  /** Hands over what waits, without waiting for what is on its way. */
  flush(sent: () => void = () => undefined): void {
    if (this.#waiting.length === 0) {
      sent();
      return;
    }
    const batch = this.#waiting;
    this.#waiting = [];
    this.#send(batch, sent);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isSending) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#isSending = true;
      this.flush(() => {
        this.#isSending = false;
        if (this.#waiting.length > 0) this.#schedule();
      });
    });
  }
}
