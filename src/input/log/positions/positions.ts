import type { Clock } from '../../../clock.ts';
import { LogPositions } from './log-positions.ts';
import { OpenFiles } from './open-files.ts';
import { isRecord, readPosition, type SavedPosition, savePosition } from './position.ts';
import { PositionSet } from './position-set.ts';

/** Most files of one log that are taken over from an earlier run: far more than a process can hold open. */
const MAX_SAVED = 20_000;

/** Logs that left the configuration and are still known, and for how long: someone may put them back. */
const MAX_FORMER_LOGS = 100;
const FORMER_LOG_MS = 7 * 24 * 3600 * 1000;

/** All positions as JSON holds them. */
export type SavedPositions = {
  readonly version: 1;
  /** By `file` of the configuration, as it is written there. */
  readonly logs: {
    readonly [file: string]: {
      /** Wall time at which all of its paths had been looked at last. */
      readonly looked: number;
      readonly positions: readonly SavedPosition[];
    };
  };
};

/**
 * How far every file was read: those being read now, those that are to be read on, and those that are over and must not be taken for new
 * ones when they turn up under another name. It is one for the process, so that no file is read twice, whichever logs lead to it.
 */
export class Positions {
  readonly #logs = new Map<string, LogPositions>();
  readonly #open = new OpenFiles();
  readonly #clock: Clock;

  /** `saved` is what `save` gave in an earlier run; what cannot be understood of it is passed over. */
  constructor({ clock, saved }: { readonly clock: Clock; readonly saved?: unknown }) {
    this.#clock = clock;
    if (!isRecord(saved) || saved.version !== 1 || !isRecord(saved.logs)) return;
    for (const [file, log] of Object.entries(saved.logs)) {
      if (!isRecord(log) || !Array.isArray(log.positions) || typeof log.looked !== 'number') continue;
      const items: readonly unknown[] = log.positions;
      const kept = new PositionSet();
      for (const item of items.slice(0, MAX_SAVED)) {
        const position = readPosition(item);
        if (position !== undefined) kept.add(position);
      }
      this.#add(file, kept, log.looked);
    }
  }

  /** The positions of the log that is configured as `file`, which is followed from now on. */
  log(file: string): LogPositions {
    return this.#logs.get(file) ?? this.#add(file, new PositionSet(), undefined);
  }

  /** All of them as they are in this tick. */
  save(): SavedPositions {
    this.#forgetFormer();
    const logs = [...this.#logs].flatMap(([file, log]) => {
      // Never looked at, so there is nothing to go on from; `start_at` is still to be applied.
      if (log.lookedMs === undefined) return [];
      return [[file, { looked: log.lookedMs, positions: log.all().map(savePosition) }] as const];
    });
    return { version: 1, logs: Object.fromEntries(logs) };
  }

  #add(file: string, kept: PositionSet, lookedMs: number | undefined): LogPositions {
    const others = () => [...this.#logs.values()].map((log) => log.kept);
    const log = new LogPositions({ kept, open: this.#open, all: others, lookedMs });
    this.#logs.set(file, log);
    return log;
  }

  #forgetFormer(): void {
    const sinceMs = this.#clock.nowMs() - FORMER_LOG_MS;
    const former = [...this.#logs].filter(([, log]) => !log.isFollowed);
    former.sort(([, a], [, b]) => (b.lookedMs ?? 0) - (a.lookedMs ?? 0));
    for (const [index, [file, { lookedMs = 0 }]] of former.entries()) {
      if (index >= MAX_FORMER_LOGS || lookedMs < sinceMs) this.#logs.delete(file);
    }
  }
}
