/** The least or greatest value of late. */
export interface RecentExtreme {
  add(value: number, timeMs: number): void;
  /** `none` while there is no value. */
  value(): number;
}

/** Routes and limits change: what was seen ten to twenty minutes ago is forgotten. */
const EPOCH_MS = 600_000;

/** `pick` is Math.min or Math.max, `none` the value that it always passes over. */
export function createRecentExtreme(pick: (a: number, b: number) => number, none: number): RecentExtreme {
  let epoch = 0;
  let current = none;
  let before = none;
  return {
    add(value, timeMs) {
      const now = Math.floor(timeMs / EPOCH_MS);
      if (now !== epoch) {
        before = Math.abs(now - epoch) === 1 ? current : none;
        current = none;
        epoch = now;
      }
      // Numbers held by a closure are boxed anew at each assignment; most values change nothing.
      const picked = pick(current, value);
      if (picked !== current) current = picked;
    },
    value: () => pick(current, before),
  };
}
