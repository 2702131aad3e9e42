import { type ClassifyContext, classify } from '../classify/classify.ts';
import type { Clock } from '../clock.ts';
import type { RequestEvent } from '../event/request-event.ts';
import { eventOfRecorded } from '../input/proxy/recorded-exchange.ts';
import { createGuard } from '../input/proxy/tap/guard.ts';
import type { Log } from '../log.ts';
import type { Problem } from '../problem.ts';
import { providerByName } from '../provider/known.ts';
import type { LoadedRules, PlacedExample } from './load-rules.ts';

/** What an example is judged with beside the rules. */
export interface ExampleContext {
  readonly clock: Clock;
  readonly log: Log;
  /** What is known of the providers, by label. */
  readonly providers: Readonly<Record<string, ClassifyContext>>;
}

/** The examples of a rules file that come out otherwise than their author expects, each read as the proxy would read it. */
export async function failingExamples(
  { catalogue, examples }: LoadedRules,
  context: ExampleContext,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [at, example] of examples.entries()) {
    const { provider } = example;
    const known = context.providers[provider] ?? providerByName(provider);
    const { cause, rule } = classify(await toEvent(example, context), catalogue, known);
    if (cause === example.expect && (example.rule === undefined || rule === example.rule)) continue;
    const expected = describe(example.expect, example.rule);
    const message = `test.${at}: expected ${expected}, but it comes out as ${describe(cause, rule)}`;
    problems.push({ code: 'rules.example', ...example.place, message });
  }
  return problems;
}

/**
 * Tries the examples beside the traffic: a rule that does not do what its author expects is told and kept, because the
 * rules themselves are in order and nothing may stop for an expectation.
 */
export function warnOfExamples(rules: LoadedRules, context: ExampleContext): void {
  const { log } = context;
  failingExamples(rules, context).then(
    (problems) => {
      for (const { message, file, line, column } of problems) {
        log.warn('an example in the rules file does not hold', { problem: message, file, line, column });
      }
    },
    (err: unknown) => log.error('the examples in the rules file could not be tried', { err }),
  );
}

function toEvent(example: PlacedExample, { clock, log }: ExampleContext): Promise<RequestEvent> {
  const { provider, status, stream, duration: durationSeconds, body } = example;
  const headers = Object.fromEntries(
    Object.entries(example.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return eventOfRecorded(
    { provider, status, headers, body: Buffer.from(body), stream, durationSeconds },
    { clock, guard: createGuard(log) },
  );
}

function describe(cause: string, rule: string | undefined): string {
  return rule === undefined ? cause : `${cause} (rule ${rule})`;
}
