import type { RequestEvent } from '../../event/request-event.ts';

/** Some 100 MB. Traffic that brings more within the window is put in order over a shorter one. */
const MAX_HELD = 200_000;

/** Puts events in order of time as long as they are held. */
export interface Reorder {
  /** False when its place has been passed. */
  add(event: RequestEvent): boolean;
  /** All events of whole seconds before this moment, oldest first. */
  takeBefore(timeMs: number): RequestEvent[];
}

/**
 * Held by the second and sorted when they are taken: most logs are in order to the second, and what is in order costs no comparison, where
 * a heap costs twenty an event.
 */
export function createReorder(maxHeld = MAX_HELD): Reorder {
  const bySecond = new Map<number, RequestEvent[]>();
  /** The keys of that, ascending. */
  const seconds: number[] = [];
  let held = 0;
  let passedSecond = Number.NEGATIVE_INFINITY;

  function begin(second: number): RequestEvent[] {
    let at = seconds.length;
    while (at > 0 && (seconds[at - 1] ?? 0) > second) at -= 1;
    seconds.splice(at, 0, second);
    const events: RequestEvent[] = [];
    bySecond.set(second, events);
    return events;
  }

  return {
    add(event) {
      const second = Math.floor(event.timeMs / 1000);
      if (second <= passedSecond) return false;
      (bySecond.get(second) ?? begin(second)).push(event);
      held += 1;
      return true;
    },
    takeBefore(timeMs) {
      const taken: RequestEvent[] = [];
      let count = 0;
      for (const second of seconds) {
        if ((second + 1) * 1000 > timeMs && held <= maxHeld) break;
        const events = bySecond.get(second) ?? [];
        bySecond.delete(second);
        events.sort((a, b) => a.timeMs - b.timeMs);
        for (const event of events) taken.push(event);
        held -= events.length;
        passedSecond = second;
        count += 1;
      }
      seconds.splice(0, count);
      return taken;
    },
  };
}
