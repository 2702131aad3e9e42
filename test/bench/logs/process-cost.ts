import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface ProcessCost {
  /** Processor time in user and system mode, of all its threads. */
  readonly seconds: number;
  /** Largest resident set, in MiB. */
  readonly peakMiB: number;
}

/** Linux counts processor time of a process in hundredths of a second: proc(5), sysconf(_SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** Of a process that still runs. */
export function costOf(pid: number): ProcessCost {
  const fields = statFields(String(pid));
  return { seconds: ticks(fields, 11) + ticks(fields, 12), peakMiB: peakMiB(pid) };
}

/** Processor time of all our children that have ended. */
export function endedChildrenSeconds(): number {
  const fields = statFields('self');
  return ticks(fields, 13) + ticks(fields, 14);
}

/** 0 when it is gone already. */
export function peakMiB(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    // It has ended since: what it reached was seen before.
    return 0;
  }
}

/** The fields behind the name, which may hold spaces: the third of proc_pid_stat(5) is the first of these. */
function statFields(pid: string): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
}

function ticks(fields: readonly string[], index: number): number {
  return Number(fields[index]) / TICKS_PER_SECOND;
}
