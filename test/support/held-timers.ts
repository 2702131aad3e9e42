import type { TestContext } from 'node:test';

/** Timers of one delay that run when the test says so. */
export interface HeldTimers {
  readonly delayMs: number;
  /** The time is over for all that are held. */
  pass(): void;
}

/** Nobody else sets a timer for so long. */
const DELAY_MS = 86_399_999;

/**
 * Holds the timer by which a client gives a request up. How long this machine takes until the API has the request must not decide whether
 * that is given up before or after.
 */
export function holdTimers(t: TestContext): HeldTimers {
  const { setTimeout } = globalThis;
  const held: (() => void)[] = [];
  const holding = (task: () => void, delayMs?: number, ...args: unknown[]): NodeJS.Timeout => {
    if (delayMs !== DELAY_MS) return Reflect.apply(setTimeout, globalThis, [task, delayMs, ...args]);
    held.push(task);
    // What its owner clears.
    return setTimeout(() => undefined, DELAY_MS).unref();
  };
  t.mock.method(globalThis, 'setTimeout', holding);
  return {
    delayMs: DELAY_MS,
    pass() {
      for (const task of held.splice(0)) task();
    },
  };
}
