import type { Equivalent } from '../support/rules/mutation/score.ts';

/**
 * Mutants of the shipped rules that change nothing an alert can show. An entry that fits no mutant, or one that a
 * test kills, fails the run.
 */
export const equivalents: readonly Equivalent[] = [];
