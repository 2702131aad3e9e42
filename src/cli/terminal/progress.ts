import type { Clock } from '../../clock.ts';
import type { Output } from '../context.ts';
import { fit, widthOf } from './layout.ts';

const REDRAW_MS = 100;
const BAR_CELLS = 24;
const MIB = 1024 * 1024;

/** A line on stderr that is drawn over and over while something long goes on; nothing where that is no terminal. */
export interface Progress {
  /** What is being done now; with sizes in bytes where they are known. */
  show(what: string, done?: number, all?: number): void;
  /** Takes the line away: what is printed next begins where it stood. */
  clear(): void;
}

export function createProgress(stderr: Output | undefined, clock: Clock): Progress {
  if (stderr?.isTTY !== true) return { show() {}, clear() {} };
  const width = widthOf(stderr);
  let drawnMs = Number.NEGATIVE_INFINITY;
  let startMs = clock.elapsedMs();
  let shown = '';
  return {
    show(what, done, all) {
      const nowMs = clock.elapsedMs();
      if (what !== shown) startMs = nowMs;
      else if (nowMs - drawnMs < REDRAW_MS) return;
      shown = what;
      drawnMs = nowMs;
      const line = done === undefined || all === undefined ? what : `${what} ${bar(done, all, nowMs - startMs)}`;
      stderr.write(`\r${fit(line, width - 1)}\x1b[K`);
    },
    clear() {
      if (shown !== '') stderr.write('\r\x1b[K');
      shown = '';
    },
  };
}

function bar(done: number, all: number, ms: number): string {
  const share = all === 0 ? 1 : Math.min(1, done / all);
  const cells = Math.round(share * BAR_CELLS);
  const restSeconds = share > 0 ? (ms / 1000) * (1 / share - 1) : 0;
  const size = `${(done / MIB).toFixed(0)} of ${(all / MIB).toFixed(0)} MiB`;
  const rest = ms < 1000 ? '' : `, ${restSeconds.toFixed(0)} s left`;
  return `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)} ${Math.floor(100 * share)} %, ${size}${rest}`;
}
