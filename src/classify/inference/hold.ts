/** Looking back over minutes takes too long to be done for each of a storm of failures. */
const HELD_MS = 1000;

/** `find`, done anew only when the event's time is a second from that of the last look. */
export function hold<T>(find: (timeMs: number) => T): (timeMs: number) => T {
  let held: { readonly atMs: number; readonly found: T } | undefined;
  return (timeMs) => {
    if (held === undefined || !(Math.abs(timeMs - held.atMs) < HELD_MS)) held = { atMs: timeMs, found: find(timeMs) };
    return held.found;
  };
}
