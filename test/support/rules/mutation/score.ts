import type { Verdict } from './judge.ts';
import type { Mutant } from './mutants.ts';

/** Mutants of one rule that no test can tell from the rule, and why. */
export interface Equivalent {
  readonly rule: string;
  readonly changes: readonly string[];
  readonly reason: string;
}

export interface Tally {
  readonly killed: number;
  readonly all: number;
}

export interface Score extends Tally {
  readonly byRule: ReadonlyMap<string, Tally>;
  /** Neither killed nor argued away. */
  readonly survivors: readonly Mutant[];
  /** Entries of the list that are wrong: no such mutant, or one that some test kills after all. */
  readonly wrong: readonly string[];
}

/** Equivalent mutants count in neither number. */
export function scoreOf(verdicts: readonly Verdict[], equivalents: readonly Equivalent[]): Score {
  const listed = equivalents.flatMap(({ rule, changes }) => changes.map((change) => ({ rule, change })));
  const isListed = ({ rule, change }: Mutant) => listed.some((entry) => entry.rule === rule && entry.change === change);
  const wrong = listed.flatMap(({ rule, change }) => {
    const verdict = verdicts.find(({ mutant }) => mutant.rule === rule && mutant.change === change);
    if (verdict === undefined) return [`${rule}: ${change}: there is no such mutant`];
    return verdict.killedBy === undefined ? [] : [`${rule}: ${change}: is killed by ${verdict.killedBy}`];
  });
  const counted = verdicts.filter(({ mutant }) => !isListed(mutant));
  const byRule = Map.groupBy(counted, ({ mutant }) => mutant.rule);
  return {
    ...tally(counted),
    byRule: new Map([...byRule].map(([rule, own]) => [rule, tally(own)])),
    survivors: counted.filter(({ killedBy }) => killedBy === undefined).map(({ mutant }) => mutant),
    wrong,
  };
}

function tally(verdicts: readonly Verdict[]): Tally {
  return { killed: verdicts.filter(({ killedBy }) => killedBy !== undefined).length, all: verdicts.length };
}

/** A table for people: the rules with survivors first, then the survivors. */
export function describeScore({ killed, all, byRule, survivors }: Score): readonly string[] {
  const rows = [...byRule].sort(([, a], [, b]) => b.all - b.killed - (a.all - a.killed));
  return [
    `mutation score: ${killed} / ${all} = ${percent({ killed, all })}`,
    ...rows.map(([rule, own]) => `${percent(own).padStart(6)}  ${`${own.killed}/${own.all}`.padStart(7)}  ${rule}`),
    ...survivors.map(({ rule, change }) => `survives: ${rule}: ${change}`),
  ];
}

function percent({ killed, all }: Tally): string {
  return all === 0 ? '-' : `${((100 * killed) / all).toFixed(1)} %`;
}
