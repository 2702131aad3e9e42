import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianProgram } from '../../src/demo/programs.ts';
import { runExporter } from './logs/exporter.ts';
import { type MadeLog, makeLog, NGINX_TEXT_FORMAT, nginxJson, nginxText, type WriteLine } from './logs/made-log.ts';
import { JSON_PROGRAMS, type MtailProgram, runMtail, TEXT_PROGRAMS } from './logs/mtail.ts';
import type { ProcessCost } from './logs/process-cost.ts';

/**
 * What reading a request log costs: processor time of the whole process for each line, ours beside mtail's, both counting requests by model,
 * code and cause and durations in a histogram. Ours follows the file, classifies and records; mtail reads it in one shot with the
 * fastest of several programs. What each needs for an empty log is taken off. Both read the same file in turn, the medians count.
 * Only the ratio means something: machines differ. LOG_MB sets the size of each log, ROUNDS how often it is read.
 */
const SIZE = Number(process.env.LOG_MB ?? 100) * 1e6;
const ROUNDS = Number(process.env.ROUNDS ?? 3);

interface Case {
  readonly name: string;
  readonly write: WriteLine;
  readonly settings: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<'least' | 'same', readonly MtailProgram[]>>;
}

const CASES: readonly Case[] = [
  { name: 'nginx JSON', write: nginxJson, settings: { format: 'nginx-json' }, programs: JSON_PROGRAMS },
  {
    name: 'nginx text',
    write: nginxText,
    settings: { format: 'nginx', log_format: NGINX_TEXT_FORMAT },
    programs: TEXT_PROGRAMS,
  },
];

const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-bench-'));
const mtail = await debianProgram('mtail');
const empty = { path: join(folder, 'empty.log'), lines: 0 };
writeFileSync(empty.path, '');
try {
  for (const one of CASES) await compare(one);
} finally {
  await rm(folder, { recursive: true });
}

type Run = ProcessCost & { readonly requests: ReadonlyMap<string, number> };

async function compare({ name, write, settings, programs }: Case): Promise<void> {
  const log = makeLog(join(folder, 'requests.log'), SIZE, write);
  print(`${name}: ${log.lines} lines, ${Math.round(log.bytes / log.lines)} bytes each on average\n`);
  const least = await findFastest(log, programs.least);
  const same = await findFastest(log, programs.same);
  const runs: { ours: Run[]; least: Run[]; same: Run[] } = { ours: [], least: [], same: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    runs.ours.push(await runExporter(log, settings, folder));
    runs.least.push(await runMtail(mtail, least, log.path, folder));
    runs.same.push(await runMtail(mtail, same, log.path, folder));
  }
  const idleMtail = await runMtail(mtail, least, empty.path, folder);
  const idleOurs = await runExporter(empty, settings, folder);
  const ours = report('llm-exporter', log, runs.ours, idleOurs.seconds);
  const byLeast = report(`mtail, model, code and cause (${least.name})`, log, runs.least, idleMtail.seconds);
  const bySame = report(`mtail, the same series as ours (${same.name})`, log, runs.same, idleMtail.seconds);
  print(`  ratio ${(ours / byLeast).toFixed(1)}; for the same series ${(ours / bySame).toFixed(1)}\n\n`);
}

/** Tried on the log itself: which way is the fastest depends on its lines. */
async function findFastest(log: MadeLog, programs: readonly MtailProgram[]): Promise<MtailProgram> {
  const tried = [];
  for (const program of programs) tried.push({ program, run: await runMtail(mtail, program, log.path, folder) });
  for (const { program, run } of tried) print(`  mtail, ${program.name}: ${run.seconds.toFixed(2)} s\n`);
  tried.sort((a, b) => a.run.seconds - b.run.seconds);
  const [best] = tried;
  if (best === undefined) throw new Error('no program to run');
  return best.program;
}

/** Prints what one of the two did; returns its lines per second. */
function report(name: string, log: MadeLog, runs: readonly Run[], idleSeconds: number): number {
  const seconds = median(runs.map((run) => run.seconds)) - idleSeconds;
  const perSecond = log.lines / seconds;
  const peak = Math.max(...runs.map(({ peakMiB }) => peakMiB));
  const counted = runs.map(({ requests }) => differences(log.requests, requests)).find((found) => found !== '');
  print(
    `  ${name}: ${Math.round(perSecond).toLocaleString('en')} lines per CPU second ` +
      `(${((seconds / log.lines) * 1e9).toFixed(0)} ns a line, ${idleSeconds.toFixed(2)} s to start taken off), ` +
      `peak ${Math.round(peak)} MiB, ${counted ?? 'counted exactly'}\n`,
  );
  return perSecond;
}

/** What was counted otherwise than it was written, in words; empty when nothing was. */
function differences(written: ReadonlyMap<string, number>, counted: ReadonlyMap<string, number>): string {
  const keys = new Set([...written.keys(), ...counted.keys()]);
  const wrong = [...keys].filter((key) => written.get(key) !== counted.get(key));
  return wrong
    .slice(0, 3)
    .map((key) => `${key}: ${counted.get(key) ?? 0} instead of ${written.get(key) ?? 0}`)
    .join('; ');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(text: string): void {
  process.stdout.write(text);
}
