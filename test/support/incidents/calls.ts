import type { TestContext } from 'node:test';
import type { Cause } from '../../../src/classify/causes.ts';
import { PACE } from './time-scale.ts';

/** A caller who asks again and again. */
export interface Caller {
  readonly model: string;
  /** Where a minute of the rules takes two seconds. */
  readonly perSecond: number;
  readonly stream?: boolean;
  /** What the simulated API does for this caller, whatever it does for others. */
  readonly cause?: Cause;
  /** Leaves after so many milliseconds. */
  readonly patienceMs?: number;
}

/** Calls that may wait for their answer at once; more are not made. */
const MAX_IN_FLIGHT = 32;

/** Callers of one gateway, until the test ends. Failures do not stop them. */
export function startCallers(t: TestContext, url: string, callers: readonly Caller[]): Callers {
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  let pace = 1;
  const start = (caller: Caller) => {
    const next = () => {
      timer = setTimeout(next, 1000 / caller.perSecond / pace / PACE);
      if (running.size >= MAX_IN_FLIGHT) return;
      const call = ask(url, caller, stopped.signal).finally(() => running.delete(call));
      running.add(call);
    };
    let timer = setTimeout(next, 0);
    stopped.signal.addEventListener('abort', () => clearTimeout(timer));
  };
  for (const caller of callers) start(caller);
  t.after(async () => {
    stopped.abort();
    await Promise.all(running);
  });
  return {
    setPace(factor) {
      pace = factor;
    },
  };
}

export interface Callers {
  /** So many times as often as they ask by themselves. */
  setPace(factor: number): void;
}

/** One call of a chat, its answer read to the end. */
export async function ask(url: string, caller: Omit<Caller, 'perSecond'>, signal?: AbortSignal): Promise<void> {
  const { model, stream = false, cause, patienceMs } = caller;
  const signals = [
    ...(signal === undefined ? [] : [signal]),
    ...(patienceMs === undefined ? [] : [AbortSignal.timeout(patienceMs)]),
  ];
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer test',
        'content-type': 'application/json',
        ...(cause !== undefined && { 'x-simulate-cause': cause }),
      },
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Is all well?' }] }),
      signal: AbortSignal.any(signals),
    });
    await response.arrayBuffer();
  } catch {
    // An answer that breaks off, or none, is what these tests are about: the exporter counts it.
  }
}
