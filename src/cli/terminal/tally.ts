import type { Cause } from '../../classify/causes.ts';
import type { CorpusLine } from '../../explain/corpus.ts';
import type { Problem } from '../../problem.ts';
import { table } from './layout.ts';

/** What was expected of some lines, and what was said instead. */
export interface Confusion {
  readonly expected: Cause;
  readonly given: Cause;
  readonly lines: readonly number[];
}

/** How the answers compare with the causes that lines carry. */
export interface Tally {
  add(result: CorpusLine): void;
  /** Lines that carry a cause. */
  readonly labelled: number;
  readonly right: number;
  readonly problems: readonly Problem[];
  /** Most frequent first. */
  confusions(): readonly Confusion[];
}

export function createTally(): Tally {
  const wrong = new Map<string, Confusion & { readonly lines: number[] }>();
  const problems: Problem[] = [];
  let labelled = 0;
  let right = 0;
  return {
    problems,
    get labelled() {
      return labelled;
    },
    get right() {
      return right;
    },
    add(result) {
      if ('error' in result) {
        problems.push({ code: 'explain.corpus', message: result.error });
        return;
      }
      const { expected, cause: given, line } = result;
      if (expected === undefined) return;
      labelled += 1;
      if (expected === given) {
        right += 1;
        return;
      }
      const key = `${expected} ${given}`;
      const confusion = wrong.get(key) ?? { expected, given, lines: [] };
      confusion.lines.push(line);
      wrong.set(key, confusion);
    },
    confusions: () => [...wrong.values()].sort((a, b) => b.lines.length - a.lines.length),
  };
}

/** The accuracy, and each confusion with its lines, for people. */
export function formatTally({ labelled, right, problems, confusions }: Tally, width: number): string {
  const broken = problems.length === 0 ? '' : `; ${problems.length} lines could not be read`;
  if (labelled === 0) return `no line carries a cause${broken}\n`;
  const headline = `${right} of ${labelled} right (${((100 * right) / labelled).toFixed(1)} %)${broken}\n`;
  if (right === labelled) return headline;
  const rows = confusions().map(({ expected, given, lines }) => [
    expected,
    given,
    `${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}`,
  ]);
  return `${headline}\n${table([['EXPECTED', 'GIVEN', 'WHERE'], ...rows], width)}\n`;
}
