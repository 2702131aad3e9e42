import { REJECT_REASONS, type RejectReason } from '../../event/sink.ts';

/** Why a request that was read is not counted: it cannot be put in its place in time. */
export const LEFT_OUT = ['no_time', 'late', 'stray'] as const;
export type LeftOut = (typeof LEFT_OUT)[number];

/** What became of the lines of one log. lines = events + filtered + rejected; what is left out is part of the events. */
export interface Tally {
  readonly file: string;
  lines: number;
  events: number;
  filtered: number;
  readonly rejected: Map<RejectReason, number>;
  readonly leftOut: Map<LeftOut, number>;
  /** Why the rest of the file could not be read. */
  fault: string | undefined;
}

export function newTally(file: string): Tally {
  return { file, lines: 0, events: 0, filtered: 0, rejected: new Map(), leftOut: new Map(), fault: undefined };
}

export function count<K>(counts: Map<K, number>, key: K, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** All logs together. */
export interface Total {
  readonly files: number;
  readonly lines: number;
  readonly events: number;
  readonly filtered: number;
  /** Most frequent first. */
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
  readonly faults: readonly { readonly file: string; readonly fault: string }[];
}

export function totalOf(tallies: readonly Tally[]): Total {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const rejected = REJECT_REASONS.map(
    (reason) => [reason, sum((tally) => tally.rejected.get(reason) ?? 0)] as const,
  ).filter(([, lines]) => lines > 0);
  const leftOut = (reason: LeftOut) => sum((tally) => tally.leftOut.get(reason) ?? 0);
  return {
    files: tallies.length,
    lines: sum(({ lines }) => lines),
    events: sum(({ events }) => events),
    filtered: sum(({ filtered }) => filtered),
    rejected: Object.fromEntries(rejected.sort(([, a], [, b]) => b - a)),
    leftOut: { no_time: leftOut('no_time'), late: leftOut('late'), stray: leftOut('stray') },
    faults: tallies.flatMap(({ file, fault }) => (fault === undefined ? [] : [{ file, fault }])),
  };
}
