import { between, createRandom, type Random } from '../../../src/simulate/random.ts';
import type { LogWriter } from '../log-writer.ts';

/** What the writer and its logrotate do next; `pause` lets the readers run. */
export type Step =
  | { readonly do: 'append'; readonly lines: number }
  | { readonly do: 'copyTruncate'; readonly whileCopying: number }
  | { readonly do: 'beginLine' | 'endLine' | 'rename' | 'reopen' | 'beginCompress' | 'endCompress' }
  | { readonly do: 'pause'; readonly ms: number };

/**
 * When a program is killed.
 * - starting: it may not even have read its state;
 * - ready: it has just begun to catch up;
 * - running: at no special moment;
 * - asked: a scrape has reached it and is not answered yet, or only just: between the cut, its write and the answer;
 * - answered: a scraper has just seen its values;
 * - settled: it has counted everything.
 */
export const MOMENTS = ['starting', 'ready', 'running', 'asked', 'answered', 'settled'] as const;
export type Moment = (typeof MOMENTS)[number];

/** One life of the programs under test, and the time they are dead after it. */
export interface Round {
  /** What happens while they live. */
  readonly up: readonly Step[];
  readonly moment: Moment;
  /** From that moment on. */
  readonly delayMs: number;
  /** What happens while they are dead. */
  readonly down: readonly Step[];
}

export interface ScriptOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Rotated files that logrotate keeps. A reader gets to its end before one is removed that it has not read. */
  readonly keep: number;
  /** Whether writers go on while a copy with truncation runs, which makes lines unknowable. */
  readonly busyCopies?: boolean;
}

/** The same seed gives the same script, on every machine. */
export function createScript({ seed, rounds, keep, busyCopies = false }: ScriptOptions): readonly Round[] {
  const random = createRandom(seed);
  let rotations = 0;
  return Array.from({ length: rounds }, (_, index): Round => {
    const up = steps(random, { busyCopies, pauses: true });
    const down = steps(random, { busyCopies, pauses: false });
    rotations += rotationsOf(up);
    // Both of this round and those of the next must find room in what is kept.
    const mustSettle = rotations + rotationsOf(down) > keep - MOST_STEPS;
    const moment = mustSettle || index === rounds - 1 ? 'settled' : pick(random, MOMENTS);
    if (moment === 'settled') rotations = 0;
    rotations += rotationsOf(down);
    return { up, moment, delayMs: DELAYS_MS[moment](random), down };
  });
}

const MOST_STEPS = 7;

/** The program polls every 250 ms and starts in 500: long enough to be anywhere in either. */
const DELAYS_MS: Readonly<Record<Moment, (random: Random) => number>> = {
  starting: (random) => between(random, 0, 700),
  ready: (random) => between(random, 0, 80),
  running: (random) => between(random, 0, 400),
  asked: (random) => between(random, 0, 25),
  answered: () => 0,
  settled: () => 0,
};

function steps(random: Random, options: { readonly busyCopies: boolean; readonly pauses: boolean }): readonly Step[] {
  const first: Step = { do: 'append', lines: between(random, 1, 20) };
  return [first, ...Array.from({ length: between(random, 0, MOST_STEPS) }, () => step(random, options))];
}

function step(
  random: Random,
  { busyCopies, pauses }: { readonly busyCopies: boolean; readonly pauses: boolean },
): Step {
  const whileCopying = busyCopies ? between(random, 0, 20) : 0;
  const kinds: readonly Step[] = [
    { do: 'append', lines: between(random, 1, 60) },
    { do: 'append', lines: between(random, 1, 3) },
    { do: 'append', lines: between(random, 500, 2500) },
    { do: 'beginLine' },
    { do: 'endLine' },
    { do: 'rename' },
    { do: 'rename' },
    { do: 'reopen' },
    { do: 'reopen' },
    { do: 'copyTruncate', whileCopying },
    { do: 'beginCompress' },
    { do: 'endCompress' },
    { do: 'pause', ms: between(random, 0, 150) },
    { do: 'pause', ms: between(random, 100, 400) },
  ];
  return pick(random, pauses ? kinds : kinds.filter((kind) => kind.do !== 'pause'));
}

function rotationsOf(all: readonly Step[]): number {
  return all.filter((kind) => kind.do === 'rename' || kind.do === 'copyTruncate').length;
}

function pick<T>(random: Random, from: readonly T[]): T {
  // Safe: `between` stays within the array, which is never empty.
  return from[between(random, 0, from.length - 1)] as T;
}

/** Does one step that is not a pause. */
export function write(writer: LogWriter, step: Exclude<Step, { readonly do: 'pause' }>): void {
  if (step.do === 'append') writer.append(step.lines);
  else if (step.do === 'copyTruncate') writer.copyTruncate(step.whileCopying);
  else writer[step.do]();
}

/** For people who look for what went wrong. */
export function describeStep(step: Step): string {
  if (step.do === 'append') return `append ${step.lines}`;
  if (step.do === 'pause') return `pause ${step.ms}`;
  return step.do === 'copyTruncate' && step.whileCopying > 0 ? `copyTruncate+${step.whileCopying}` : step.do;
}
