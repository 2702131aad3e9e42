import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Cut } from '../metrics/cut.ts';
import type { Store } from '../metrics/store.ts';

/** When state is written: before each scrape is answered and every `intervalMs`; only the latter; never. */
export const STATE_SYNCS = ['scrape', 'interval', 'off'] as const;
export type StateSync = (typeof STATE_SYNCS)[number];

/** Something outside the store that must agree with the counters: read positions, keys of pushes, what scrapers have seen. */
export interface StatePart {
  /**
   * Its present state, as plain data for JSON, taken in the same tick as the values of the store. Never throws; holds no line's content.
   * The same state gives the same text: a part that says something else each time makes an idle exporter write for ever.
   */
  save(): unknown;
}

/** How the start went: `empty` there was none; `corrupt` what could not be read was set aside, the rest (if any) was taken up. */
export const STATE_LOADS = ['restored', 'empty', 'corrupt'] as const;
export type StateLoad = (typeof STATE_LOADS)[number];

export interface StateStatus {
  readonly dir: string;
  readonly load: StateLoad;
  /** Where unreadable state was put. */
  readonly setAside: string | undefined;
  readonly lastWriteMs: number | undefined;
  readonly bytes: number;
  /** Why the last write failed (`ENOSPC`); undefined when it did not. */
  readonly trouble: string | undefined;
}

/** The durable state of one exporter. */
export interface State {
  /** What the parts saved in the run before, by their names. Unknown until the part has looked: another version may have written it. */
  readonly saved: Readonly<Record<string, unknown>>;
  /** From now on writes every interval, and with `commit`. Call once, when every part is there and has taken up what was saved. */
  begin(parts: Readonly<Record<string, StatePart>>): void;
  /**
   * Takes a cut, writes and syncs it, and resolves with it: whatever is told from that cut can never be taken back. Waits for `begin`.
   * Never rejects: a disk that is full, read-only or hangs must not stop serving, so the cut is handed out all the same, and the trouble
   * is told in the metric, the log and `status`.
   */
  commit(): Promise<Cut>;
  /** Undefined when nothing is kept. */
  status(): StateStatus | undefined;
  /** Writes a last time and gives the directory up; takes no longer than PATIENCE_MS, however the disk is. */
  close(): Promise<void>;
}

export interface StateOptions {
  readonly dir: string;
  readonly sync: StateSync;
  readonly intervalMs: number;
  /** Still empty: what was saved is put into it. */
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}
