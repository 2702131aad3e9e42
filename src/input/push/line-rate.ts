import type { Clock } from '../../clock.ts';

/** How many lines may come in: `perSecond` on average, and as many at once after a second of quiet. */
export interface LineRate {
  perSecond: number;
  /** How long to wait before the next batch; 0 when it may come. */
  waitMs(): number;
  /**
   * Takes the lines of a batch, which may be more than are left: how many lines there are is known only when they are read, and a batch
   * above the limit could otherwise never come in. The next ones wait until the debt is paid.
   */
  take(lines: number): void;
}

const LINE = 1000;

export function createLineRate(clock: Clock, perSecond: number): LineRate {
  /** In thousandths of a line: a whole number of them comes in with each millisecond. */
  let left = perSecond * LINE;
  let countedMs = clock.elapsedMs();

  const rate: LineRate = {
    perSecond,
    waitMs() {
      const nowMs = clock.elapsedMs();
      left = Math.min(rate.perSecond * LINE, left + (nowMs - countedMs) * rate.perSecond);
      countedMs = nowMs;
      return left >= LINE ? 0 : (LINE - left) / rate.perSecond;
    },
    take(lines) {
      left -= lines * LINE;
    },
  };
  return rate;
}
