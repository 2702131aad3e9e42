import { readFileSync } from 'node:fs';

/** Linux counts processor time of a process in hundredths of a second: proc(5), sysconf(_SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** Processor time of a process in user and system mode, of all its threads, those that have ended among them. */
export function cpuSeconds(pid: number): number {
  // The name may hold spaces: the third field of proc_pid_stat(5) is the first of these.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Largest resident set so far. */
export function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
