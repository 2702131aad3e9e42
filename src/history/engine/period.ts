import type { Range } from './engine.ts';

/** A time without a break of weeks in it. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** The moments of a period at which rules of this interval are evaluated. */
export function evaluations({ startMs, endMs }: Period, stepMs: number): Range {
  return { startMs: Math.ceil(startMs / stepMs) * stepMs, endMs: Math.floor(endMs / stepMs) * stepMs, stepMs };
}
