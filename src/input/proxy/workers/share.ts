/** One of several processes that share what is limited. */
export interface Share {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export const ALONE: Share = { index: 0, of: 1 };

/** The part of a whole number that one process has: all parts together are the whole, and differ by 1 at most. */
export function shareOf(whole: number, { index, of }: Share): number {
  return Math.floor(whole / of) + (index < whole % of ? 1 : 0);
}
