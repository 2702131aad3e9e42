import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { table } from '../../src/cli/terminal/layout.ts';
import { debianProgram } from '../../src/demo/programs.ts';
import { createExporterVictim } from '../support/kill/exporter.ts';
import { runScript, type Watched } from '../support/kill/run.ts';
import { startScraper } from '../support/kill/scraper.ts';
import { createScript, type Round, type Step } from '../support/kill/script.ts';
import { createVictim, type Victim } from '../support/kill/victim.ts';
import { LogWriter, type Tally } from '../support/log-writer.ts';
import { createLogArchive } from '../support/log-writer-archive.ts';

/**
 * What is lost: mtail and ours read the same log at the same time, are killed at the same points and scraped alike. First the log is only
 * rotated and nobody is killed, then kills come on top. The script is kind to those that poll: while they live, no rotation comes sooner
 * than two polls after a line or another rotation, the writer takes the new file at once, little is logged while they are dead, and
 * scrapes are so frequent that little is counted that no scrape has seen.
 */
const SEED = 20_260_902;
const LIVES = 40;
/** Rotated files that are kept. */
const KEEP = 16;
/** Both poll every 250 ms. */
const TWO_POLLS_MS = 500;
const SETTLE_MS = 1000;
/** Services come back within moments, so not much is logged meanwhile. */
const LINES_WHILE_DEAD = 20;
const SCRAPE_EVERY_MS = 250;

/** The way its own examples count by label. */
const MTAIL_PROGRAM = `counter llm_requests_total by model, code

/"status":(?P<code>\\d+),.*"model":"(?P<model>[^"]*)"/ {
  llm_requests_total[$model][$code]++
}
`;

const script = createScript({ seed: SEED, rounds: LIVES, keep: KEEP });
await run('Rotations', inOneLife(script).map(kindly));
await run('Rotations and kills', script.map(kindly));

async function run(title: string, rounds: readonly Round[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-bench-'));
  const log = join(folder, 'access.log');
  const writer = new LogWriter({
    path: log,
    archive: createLogArchive(log, { naming: 'numbered', keep: KEEP }),
    creates: true,
  });
  const programs = [await createMtailVictim(log, folder), await createExporterVictim({ log, folder })].map(watch);
  try {
    // Both find the log empty, and their scrapers have been there before the first line.
    await Promise.all(programs.map(({ victim }) => victim.start()));
    await Promise.all(programs.flatMap(({ scrapers }) => scrapers.map((scraper) => scraper.nextAnswer())));
    await Promise.all(programs.map(({ victim }) => victim.end('SIGKILL')));
    await runScript({ rounds, writer, programs, settle: () => wait(SETTLE_MS) });
    writer.finish();
    await wait(SETTLE_MS);
    await Promise.all(programs.flatMap(({ scrapers }) => scrapers.map((scraper) => scraper.nextAnswer())));
    print(title, { rounds, writer, programs });
  } finally {
    for (const { victim, scrapers } of programs) {
      for (const scraper of scrapers) await scraper.stop();
      await victim.close();
    }
    writer.close();
    await rm(folder, { recursive: true });
  }
}

async function createMtailVictim(log: string, folder: string): Promise<Victim> {
  const progs = join(folder, 'mtail');
  mkdirSync(progs);
  writeFileSync(join(progs, 'requests.mtail'), MTAIL_PROGRAM);
  return createVictim({
    name: 'mtail',
    command: await debianProgram('mtail'),
    args: [
      '--progs',
      progs,
      '--logs',
      log,
      '--address',
      '127.0.0.1',
      '--port',
      '0',
      '--logtostderr',
      '--emit_prog_label=false',
    ],
    port: /Listening on 127\.0\.0\.1:(\d+)/,
  });
}

function watch(victim: Victim): Watched {
  const scraper = startScraper({
    url: victim.front.url,
    name: 'Prometheus/2.42.0',
    format: 'text',
    everyMs: SCRAPE_EVERY_MS,
    watched: /^llm_requests_total$/,
    counter: 'llm_requests_total',
  });
  return { victim, scrapers: [scraper] };
}

/** The same work for the writer and nobody is killed. */
function inOneLife(script: readonly Round[]): readonly Round[] {
  return [{ up: script.flatMap(({ up, down }) => [...up, ...down]), moment: 'settled', delayMs: 0, down: [] }];
}

function kindly(round: Round): Round {
  const pause: Step = { do: 'pause', ms: TWO_POLLS_MS };
  const quietly = (...steps: readonly Step[]): readonly Step[] => [{ do: 'endLine' }, pause, ...steps, pause];
  return {
    ...round,
    down: round.down.map((step) =>
      step.do === 'append' ? { ...step, lines: Math.min(step.lines, LINES_WHILE_DEAD) } : step,
    ),
    up: round.up.flatMap((step) => {
      if (step.do === 'rename') return quietly(step, { do: 'reopen' });
      return step.do === 'copyTruncate' ? quietly(step) : [step];
    }),
  };
}

interface Ran {
  readonly rounds: readonly Round[];
  readonly writer: LogWriter;
  readonly programs: readonly Watched[];
}

function print(title: string, { rounds, writer, programs }: Ran): void {
  const rotations = rounds
    .flatMap(({ up, down }) => [...up, ...down])
    .filter(({ do: what }) => what === 'rename' || what === 'copyTruncate');
  const kills = rounds.length - 1;
  const head = [
    title.toUpperCase(),
    'WRITTEN',
    'COUNTER AT THE END',
    'SEEN BY increase()',
    'LOST',
    'LOST PER KILL',
    'DOUBLED',
    'COUNTER RESETS',
  ];
  const rows = programs.flatMap(({ victim, scrapers }) =>
    scrapers.map(({ counted, increased, resets }) => [
      victim.name,
      String(writer.lines),
      String(total(counted)),
      String(total(increased)),
      share(missing(writer.written, increased), writer.lines),
      kills === 0 ? '' : (missing(writer.written, increased) / kills).toFixed(1),
      share(missing(increased, writer.written), writer.lines),
      String(resets.length),
    ]),
  );
  process.stdout.write(`${table([head, ...rows], Number.POSITIVE_INFINITY)}\n`);
  process.stdout.write(
    `${kills} kills, ${rotations.length} rotations, ${linesWhileDead(rounds)} lines while both were dead; seed ${SEED}\n\n`,
  );
}

function linesWhileDead(rounds: readonly Round[]): number {
  return rounds.flatMap(({ down }) => down).reduce((sum, step) => sum + (step.do === 'append' ? step.lines : 0), 0);
}

function total(tally: Tally): number {
  return [...tally.values()].reduce((sum, count) => sum + count, 0);
}

/** How much of `all` is not in `some`, label by label: what one has too much does not make up for what another lacks. */
function missing(all: Tally, some: Tally): number {
  return [...all].reduce((sum, [key, count]) => sum + Math.max(0, count - (some.get(key) ?? 0)), 0);
}

function share(count: number, of: number): string {
  return `${count} (${((100 * count) / of).toFixed(1)} %)`;
}
