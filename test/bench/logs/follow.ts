import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type HttpProgram, type HttpProgramOptions, startHttpProgram } from '../../../src/demo/program/http-program.ts';
import type { MadeLog } from './made-log.ts';
import { cpuSeconds, peakMiB } from './process-cost.ts';

/** A program that follows a log and counts it as `llm_requests_total`, by model and code among others. */
export interface Reader {
  readonly name: string;
  command(log: string, folder: string): Promise<Pick<HttpProgramOptions, 'command' | 'args'>>;
}

/** What following a log cost a program: processor time of all its threads, in seconds. */
export interface Followed {
  readonly firstSeconds: number;
  readonly restSeconds: number;
  readonly peakMiB: number;
  /** Requests counted, by `model code`. */
  readonly requests: ReadonlyMap<string, number>;
}

/** Both look for new lines at least four times in that time. */
const SETTLE_MS = 1000;
/** A scrape takes time of its own, so nobody is asked often. */
const LOOK_MS = 500;
const DEADLINE_MS = 300_000;
const COPIED_BYTES = 4 * 1024 * 1024;

/** Starts a program on an empty log, lets it count the first part and then the rest, and looks what each took. */
export async function follow(
  reader: Reader,
  log: Pick<MadeLog, 'first'> & Partial<MadeLog>,
  folder: string,
): Promise<Followed> {
  const path = join(folder, 'requests.log');
  writeFileSync(path, '');
  const { name } = reader;
  const program = await startHttpProgram({ name, readyPath: '/metrics', ...(await reader.command(path, folder)) });
  try {
    const pid = program.pid ?? 0;
    await pause(SETTLE_MS);
    const startSeconds = cpuSeconds(pid);
    append(path, log.first.path);
    let requests = await counted(program, log.first.lines);
    const firstSeconds = cpuSeconds(pid) - startSeconds;
    if (log.rest !== undefined) {
      append(path, log.rest.path);
      requests = await counted(program, log.first.lines + log.rest.lines);
    }
    const restSeconds = cpuSeconds(pid) - startSeconds - firstSeconds;
    return { firstSeconds, restSeconds, peakMiB: peakMiB(pid), requests };
  } finally {
    await program.stop();
  }
}

function append(path: string, from: string): void {
  const [source, target] = [openSync(from, 'r'), openSync(path, 'a')];
  const piece = Buffer.allocUnsafe(COPIED_BYTES);
  for (let length = readSync(source, piece); length > 0; length = readSync(source, piece))
    writeSync(target, piece, 0, length);
  closeSync(source);
  closeSync(target);
}

/** Waits until so many requests are counted; hands them back. */
async function counted({ url }: HttpProgram, lines: number): Promise<ReadonlyMap<string, number>> {
  const endMs = Date.now() + DEADLINE_MS;
  for (;;) {
    const requests = readRequests(await (await fetch(`${url}/metrics`)).text());
    const all = [...requests.values()].reduce((sum, count) => sum + count, 0);
    if (all >= lines) return requests;
    if (Date.now() > endMs) throw new Error(`${all} of ${lines} lines counted`);
    await pause(LOOK_MS);
  }
}

function readRequests(metrics: string): ReadonlyMap<string, number> {
  const requests = new Map<string, number>();
  for (const [, labels = '', value] of metrics.matchAll(/^llm_requests_total\{([^}]*)\} (\S+)$/gm)) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    // Go writes a million as 1e+06.
    if (Number(value) === 0) continue;
    const key = `${label('model')} ${label('code')}`;
    requests.set(key, (requests.get(key) ?? 0) + Number(value));
  }
  return requests;
}
