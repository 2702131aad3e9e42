import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../../src/cli/terminal/layout.ts';
import { exporterReader } from './logs/exporter.ts';
import { type Followed, follow, type Reader } from './logs/follow.ts';
import { type MadeLog, makeLog, NGINX_TEXT_FORMAT, nginxJson, nginxText, type WriteLine } from './logs/made-log.ts';
import { JSON_PROGRAMS, type MtailProgram, mtailReader, TEXT_PROGRAMS } from './logs/mtail.ts';

/**
 * What following a request log costs: processor time of the whole process for each line, ours beside mtail's, both counting requests by
 * model, code and cause and durations in a histogram. Ours classifies and learns from each line besides; mtail has the fastest of several
 * programs, once for these series alone and once for all that ours tells of a request.
 *
 * Each program is started on an empty log, to which a first part is appended and, once that is counted, the rest: a follower runs for weeks
 * and reads what was just written. Ours is warm only after half a second of work, so the first part is reported by itself (COLD), and the
 * ratios are those of the rest. All run in turn, the medians of the rounds count. Only ratios mean something: machines differ.
 * LOG_MB sets the size of the rest, ROUNDS how often it is read.
 */
const FIRST_BYTES = 200e6;
const SIZE = Number(process.env.LOG_MB ?? 100) * 1e6;
const ROUNDS = Number(process.env.ROUNDS ?? 3);

/** The goal of issue 4. */
const LEAST_RATIO = 25;

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
try {
  for (const one of CASES) await compare(one);
} finally {
  await rm(folder, { recursive: true });
}

/** What is compared, and what of a request it counts. */
interface Side {
  readonly reader: Reader;
  readonly counts: string;
  readonly runs: Followed[];
}

async function compare({ name, write, settings, programs }: Case): Promise<void> {
  const log = makeLog(folder, { first: FIRST_BYTES, rest: SIZE }, write);
  const ours: Side = { reader: exporterReader(settings), counts: 'all', runs: [] };
  const least: Side = { reader: await fastest(log, programs.least), counts: 'model, code, cause, time', runs: [] };
  const same: Side = { reader: await fastest(log, programs.same), counts: 'the same as ours', runs: [] };
  const sides = [ours, least, same];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { reader, runs } of sides) runs.push(await follow(reader, log, folder));
  }
  const { lines, bytes } = log.rest;
  print(
    `${name.toUpperCase()}: ${lines} lines of ${Math.round(bytes / lines)} bytes, behind ${log.first.lines} others\n`,
  );
  const head = ['PROGRAM', 'COUNTS', 'LINES/CPU S', 'CPU/LINE', 'COLD', 'PEAK', ''];
  print(`${table([head, ...sides.map((side) => rowOf(side, log))], Number.POSITIVE_INFINITY)}\n`);
  const cost = ({ runs }: Side) => median(runs.map(({ restSeconds }) => restSeconds));
  const cold = ({ runs }: Side) => median(runs.map(({ firstSeconds }) => firstSeconds));
  goal('times the lines per CPU second of mtail', cost(least) / cost(ours), cold(least) / cold(ours));
  goal('times those of mtail for the same series', cost(same) / cost(ours), cold(same) / cold(ours));
  print('\n');
}

/** Tried on the log's own beginning: which way is the fastest depends on its lines. */
async function fastest({ first }: MadeLog, programs: readonly MtailProgram[]): Promise<Reader> {
  const tried = [];
  for (const reader of programs.map(mtailReader)) {
    const { firstSeconds } = await follow(reader, { first }, folder);
    tried.push({ reader, firstSeconds });
    print(`${reader.name}: ${firstSeconds.toFixed(2)} s for the first ${first.lines} lines\n`);
  }
  const [best] = tried.sort((a, b) => a.firstSeconds - b.firstSeconds);
  if (best === undefined) throw new Error('no program to run');
  return best.reader;
}

function rowOf({ reader, counts, runs }: Side, log: MadeLog): readonly string[] {
  const { first, rest, requests } = log;
  const seconds = median(runs.map(({ restSeconds }) => restSeconds));
  const coldSeconds = median(runs.map(({ firstSeconds }) => firstSeconds));
  const perLine = (spent: number, lines: number) => `${((spent / lines) * 1e9).toFixed(0)} ns`;
  const wrong = runs.map((run) => differences(requests, run.requests)).find((found) => found !== '');
  return [
    ...[reader.name, counts, Math.round(rest.lines / seconds).toLocaleString('en')],
    ...[perLine(seconds, rest.lines), perLine(coldSeconds, first.lines)],
    ...[`${Math.max(...runs.map(({ peakMiB }) => peakMiB)).toFixed(0)} MiB`, wrong ?? 'counted exactly'],
  ];
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

function goal(what: string, ratio: number, coldRatio: number): void {
  const verdict = ratio >= LEAST_RATIO ? 'kept' : 'MISSED';
  print(`${ratio.toFixed(1)} ${what} (cold ${coldRatio.toFixed(1)}); at least ${LEAST_RATIO}: ${verdict}\n`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(text: string): void {
  process.stdout.write(text);
}
