import { z } from 'zod';
import { CAUSES, type Cause } from '../classify/causes.ts';
import type { RequestEvent } from '../event/request-event.ts';
import { eventOfRecorded, type RecordedContext } from '../input/proxy/recorded-exchange.ts';
import { judgedByBody } from './body.ts';
import type { Judge, Verdict } from './judge.ts';
import { lines } from './lines.ts';

const headerValue = z.union([z.string(), z.number().transform(String), z.array(z.string())]);

/** One recorded failure; fields beside these are somebody's notes. */
const rowSchema = z.object({
  provider: z.string(),
  /** 0 and null: nobody knows. */
  status: z.int().min(0).max(599).nullable(),
  headers: z.record(z.string(), headerValue).nullish(),
  body: z.string().nullable(),
  stream: z.boolean().nullish(),
  cause: z.enum(CAUSES).nullish(),
  subcause: z.string().nullish(),
});
type Row = z.output<typeof rowSchema>;

/** What is said of one line. */
type CorpusResult =
  | (Pick<Verdict, 'cause' | 'basis' | 'rule' | 'origin' | 'owner'> & { readonly expected: Cause | undefined })
  /** What is wrong with it, without a word of its content. */
  | { readonly error: string };

/** The same with the line's number, from 1. */
export type CorpusLine = CorpusResult & { readonly line: number };

/** Judges recorded failures, one JSON object a line, in order; blank lines are broken ones, so that lines stay in step. */
export async function* readCorpus(
  corpus: Buffer,
  { judge, context }: { readonly judge: Judge; readonly context: RecordedContext },
): AsyncGenerator<CorpusLine> {
  for (const { number: line, start, end } of lines(corpus)) {
    const row = readRow(corpus.toString('utf8', start, end));
    if (typeof row === 'string') {
      yield { line, error: `line ${line}: ${row}` };
      continue;
    }
    const { cause, basis, rule, origin, owner } = judge(await eventOf(row, context));
    yield { line, expected: expectedOf(row), cause, basis, rule, origin, owner };
  }
}

/** The row, or what is wrong with the line. */
function readRow(text: string): Row | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a prompt.
    return 'not JSON';
  }
  const result = rowSchema.safeParse(value);
  if (result.success) return result.data;
  const paths = result.error.issues.map(({ path }) => path.join('.') || 'not an object');
  return `not as it should be: ${[...new Set(paths)].join(', ')}`;
}

/** A finer label counts where it is a cause of its own here: others do not tell a missing key from a wrong one. */
function expectedOf({ cause, subcause }: Row): Cause | undefined {
  return CAUSES.find((id) => id === subcause) ?? cause ?? undefined;
}

async function eventOf({ provider, status, body, ...row }: Row, context: RecordedContext): Promise<RequestEvent> {
  const entries = Object.entries(row.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  const headers = Object.fromEntries(entries);
  const text = body ?? '';
  const bytes = Buffer.from(text, 'content-encoding' in headers && BASE64.test(text) ? 'base64' : 'utf8');
  const known = { provider, headers, stream: row.stream ?? undefined };
  if (status) return eventOfRecorded({ ...known, status, body: bytes }, context);
  return judgedByBody(bytes, known, context);
}

/** Coded bytes have no other form in JSON; no error that anybody writes looks like this. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
