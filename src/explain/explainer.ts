import type { Catalogue } from '../classify/catalogue.ts';
import type { Clock } from '../clock.ts';
import { createGuard } from '../input/proxy/tap/guard.ts';
import type { Log } from '../log.ts';
import { type CorpusLine, readCorpus } from './corpus.ts';
import type { Hints, Item } from './item.ts';
import { createJudge, type Judge, type Verdict } from './judge.ts';
import { type InputFormat, readInput } from './read-input.ts';
import { seriesOf } from './series.ts';

/** An item with what is said of it. */
export type Judged =
  | Exclude<Item, { readonly event: unknown }>
  | (Extract<Item, { readonly event: unknown }> & {
      readonly verdict: Verdict;
      /** The series that a log line would be counted in; absent for what is no log line. */
      readonly series?: readonly string[] | undefined;
    });

/** Says of failed calls that somebody wrote down what the exporter would have said of them. */
export interface Explainer {
  /** Item by item, in order. */
  explain(input: Buffer, options: { readonly format: InputFormat; readonly hints: Hints }): AsyncGenerator<Judged>;
  /** Line by line, in order. */
  judgeCorpus(corpus: Buffer): AsyncGenerator<CorpusLine>;
}

export function createExplainer({
  catalogue,
  clock,
  log,
}: {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly log: Log;
}): Explainer {
  const context = { clock, guard: createGuard(log) };
  const judge = createJudge(catalogue);
  return {
    async *explain(input, options) {
      for await (const item of readInput(input, { ...options, context })) {
        yield 'event' in item ? judgeItem(item, judge, clock) : item;
      }
    },
    judgeCorpus: (corpus) => readCorpus(corpus, { judge, context }),
  };
}

function judgeItem(item: Extract<Item, { readonly event: unknown }>, judge: Judge, clock: Clock): Judged {
  const verdict = judge(item.event);
  if (item.format === undefined) return { ...item, verdict };
  return { ...item, verdict, series: seriesOf({ event: item.event, verdict, labels: verdict.labels }, clock) };
}
