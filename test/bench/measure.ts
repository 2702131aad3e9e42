/** Something whose speed we promise, beside something that everybody knows the speed of, measured in the same run. */
export interface Bench {
  readonly title: string;
  /** What `peer` is. */
  readonly peer: string;
  readonly cases: readonly BenchCase[];
}

interface BenchCase {
  readonly name: string;
  readonly task: () => unknown;
  readonly peer: () => unknown;
  /** What the design promises. */
  readonly limitNs?: number;
}

/** What two tasks came to, a call of each; times in nanoseconds. */
export interface Compared {
  readonly medianNs: number;
  /** The round below which 95 % of all rounds lie. */
  readonly p95Ns: number;
  readonly peerMedianNs: number;
}

const WARM_UP_MS = 200;
const ROUNDS = 200;
/** A round is long beside the clock's own resolution and short beside the time between two collections of garbage. */
const ROUND_NS = 200_000;

/**
 * Times `task` and `peer` on this one thread: rounds of many calls, turn by turn so that a busy machine hurts both alike,
 * and of each the median round, so that neither a pause nor the first, unoptimised calls count.
 */
export function compare({ task, peer }: Pick<BenchCase, 'task' | 'peer'>): Compared {
  const calls = callsPerRound(task);
  const peerCalls = callsPerRound(peer);
  const rounds: number[] = [];
  const peerRounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(timed(task, calls) / calls);
    peerRounds.push(timed(peer, peerCalls) / peerCalls);
  }
  const sorted = rounds.sort((a, b) => a - b);
  const peerSorted = peerRounds.sort((a, b) => a - b);
  return { medianNs: at(sorted, 0.5), p95Ns: at(sorted, 0.95), peerMedianNs: at(peerSorted, 0.5) };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

function callsPerRound(task: () => unknown): number {
  const end = performance.now() + WARM_UP_MS;
  let calls = 1;
  while (performance.now() < end) {
    if (timed(task, calls) < ROUND_NS) calls *= 2;
  }
  return calls;
}

/** Where results go: what others could read cannot be optimised away. */
export const results: { last: unknown } = { last: undefined };

function timed(task: () => unknown, calls: number): number {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call += 1) results.last = task();
  return Number(process.hrtime.bigint() - start);
}
