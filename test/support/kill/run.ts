import { setTimeout as wait } from 'node:timers/promises';
import type { LogWriter } from '../log-writer.ts';
import type { Scraper } from './scraper.ts';
import { describeStep, type Round, type Step, write } from './script.ts';
import type { Victim } from './victim.ts';

/** A program under test and those who scrape it. */
export interface Watched {
  readonly victim: Victim;
  readonly scrapers: readonly Scraper[];
}

export interface RunOptions {
  readonly rounds: readonly Round[];
  readonly writer: LogWriter;
  /** All are started and killed at the same points. */
  readonly programs: readonly Watched[];
  /** Waits until everything written is counted. */
  readonly settle: () => Promise<void>;
  /** Called after every round, while all are dead. */
  readonly check?: () => void;
  /** Told of everything that happens, for people. */
  readonly tell?: (what: string) => void;
}

/**
 * Plays a script against real programs: they live while the writer works, are killed at the round's moment, and are dead while it goes
 * on. What the files go through is the same each time; what the programs were doing when they were killed is not, and must not matter.
 * After the last round they live, and have settled.
 */
export async function runScript({ rounds, check, ...options }: RunOptions): Promise<void> {
  for (const [index, round] of rounds.entries()) {
    options.tell?.(`round ${index + 1}: ${round.moment} +${round.delayMs}`);
    await live(round, options);
    if (index === rounds.length - 1) return;
    await Promise.all(options.programs.map(({ victim }) => victim.end('SIGKILL')));
    options.tell?.('killed');
    await act(round.down, options);
    check?.();
  }
}

async function live(round: Round, options: RunPart): Promise<void> {
  const { programs } = options;
  const starting = Promise.all(programs.map(({ victim }) => victim.start()));
  if (round.moment === 'starting') {
    await Promise.all([act(round.up, options), wait(round.delayMs)]);
    return;
  }
  const acting = round.moment === 'ready' ? act(round.up, options) : undefined;
  for (const [index, listens] of (await starting).entries()) {
    if (!listens) throw new Error(`a program has ended by itself: ${programs[index]?.victim.output()}`);
  }
  await (acting ?? act(round.up, options));
  await comes(round.moment, options);
  await wait(round.delayMs);
}

type RunPart = Omit<RunOptions, 'rounds' | 'check'>;

async function comes(moment: Round['moment'], { programs, writer, settle }: RunPart): Promise<void> {
  if (moment === 'settled') {
    // A reader lets a renamed file go when it has been quiet for long, so no writer may come back to it after this wait.
    writer.reopen();
    await settle();
  }
  if (moment === 'asked') await Promise.race(programs.map(({ victim }) => victim.front.nextRequest()));
  if (moment === 'answered')
    await Promise.race(programs.flatMap(({ scrapers }) => scrapers.map((one) => one.nextAnswer())));
}

async function act(steps: readonly Step[], { writer, tell }: RunPart): Promise<void> {
  for (const step of steps) {
    if (step.do === 'pause') await wait(step.ms);
    else write(writer, step);
    tell?.(`  ${describeStep(step)} (${writer.lines} lines)`);
  }
}
