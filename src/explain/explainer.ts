import type { Catalogue } from '../classify/catalogue.ts';
import type { Clock } from '../clock.ts';
import { createGuard } from '../input/proxy/tap/guard.ts';
import type { Log } from '../log.ts';
import { type CorpusLine, readCorpus } from './corpus.ts';
import type { Hints, Item } from './item.ts';
import { createJudge, type Verdict } from './judge.ts';
import { type InputFormat, readInput } from './read-input.ts';

/** An item with what is said of it. */
export type Judged =
  | Extract<Item, { readonly unreadable: unknown }>
  | (Extract<Item, { readonly event: unknown }> & { readonly verdict: Verdict });

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
        yield 'unreadable' in item ? item : { ...item, verdict: judge(item.event) };
      }
    },
    judgeCorpus: (corpus) => readCorpus(corpus, { judge, context }),
  };
}
