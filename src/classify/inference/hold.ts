/** Looking back over minutes takes too long to be done for each of a storm of failures. */
const HELD_MS = 1000;

/** `find`, done anew only when the event's time is a second from that of the last look. */
export function hold<T>(find: (timeMs: number) => T): (timeMs: number) => T {
  let atMs = Number.NaN;
  let found: T;
  return (timeMs) => {
    if (!(Math.abs(timeMs - atMs) < HELD_MS)) {
      found = find(timeMs);
      atMs = timeMs;
    }
    return found;
  };
}
