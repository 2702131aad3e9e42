import type { Clock } from '../clock.ts';
import type { Cut } from '../metrics/cut.ts';

/** Writes one after another, shared by those who wait for one. */
export interface Commits {
  /** Resolves with a cut that was taken after this call and is on the disk; or, when the disk hangs, with one that is not. */
  commit(): Promise<Cut>;
  /** Writes unless a write is under way. */
  tick(): void;
  /** Whether a write is taking longer than anyone should wait for. */
  readonly hangs: boolean;
}

/**
 * How long a scrape waits for the disk: half of Prometheus' default timeout of 10 s, so that the answer still arrives; and as long as the last
 * write at SIGTERM may take, half of what Docker grants before it kills.
 */
export const PATIENCE_MS = 5_000;

/**
 * A commit asked for while a write is under way may tell of what was counted after the cut of that write, so it waits for the next one;
 * all who ask meanwhile share it. While a write hangs (a network file system whose server is gone), nobody waits.
 */
export function createCommits({
  write,
  current,
  clock,
  onHang,
}: {
  /** Takes a cut at once and writes it; never rejects. `shown`: somebody is going to be told of it. */
  readonly write: (shown: boolean) => Promise<Cut>;
  /** Takes a cut, and does not write it. */
  readonly current: () => Cut;
  readonly clock: Clock;
  readonly onHang: () => void;
}): Commits {
  let running = false;
  let hangs = false;
  let waiting: ((cut: Cut) => void)[] = [];

  async function run(shown: boolean): Promise<void> {
    running = true;
    const served = waiting;
    waiting = [];
    const cancel = clock.after(PATIENCE_MS, () => {
      hangs = true;
      onHang();
      for (const resolve of [...served, ...waiting]) resolve(current());
      waiting = [];
    });
    const cut = await write(shown);
    cancel();
    for (const resolve of served) resolve(cut);
    hangs = false;
    running = false;
    if (waiting.length > 0) void run(true);
  }

  return {
    get hangs() {
      return hangs;
    },
    async commit() {
      if (hangs) return current();
      return new Promise((resolve) => {
        waiting.push(resolve);
        if (!running) void run(true);
      });
    },
    tick() {
      if (!running) void run(false);
    },
  };
}
