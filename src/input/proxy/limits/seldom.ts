import type { Clock } from '../../../clock.ts';

const EVERY_MS = 60_000;

/** Tells of what may come a thousand times a second: the first at once, and those of each minute after it together, by their number. */
export function createSeldom<T extends readonly unknown[]>(
  clock: Clock,
  tell: (times: number, ...last: T) => void,
): (...one: T) => void {
  let times = 0;
  let isQuiet = false;
  let last: T | undefined;
  const tellAll = (): void => {
    isQuiet = last !== undefined;
    if (last === undefined) return;
    tell(times, ...last);
    times = 0;
    last = undefined;
    clock.after(EVERY_MS, tellAll);
  };
  return (...one) => {
    times += 1;
    last = one;
    if (!isQuiet) tellAll();
  };
}
