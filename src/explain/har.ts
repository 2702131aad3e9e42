import { z } from 'zod';
import { eventOfRecorded, type RecordedContext, type RecordedRequest } from '../input/proxy/recorded-exchange.ts';
import { providerFromHost } from '../provider/known.ts';
import { operationFromPath } from '../provider/operation.ts';
import type { Hints, Item } from './item.ts';

const headerList = z.array(z.object({ name: z.string(), value: z.string() })).default([]);

/** What we look at of an entry: http://www.softwareishard.com/blog/har-12-spec/#entries */
const entrySchema = z.object({
  startedDateTime: z.string().default(''),
  time: z.number().default(-1),
  request: z.object({
    method: z.string(),
    url: z.url(),
    headers: headerList,
    postData: z.object({ text: z.string().default('') }).default({ text: '' }),
  }),
  response: z.object({
    /** Browsers write 0 for a request that got no answer. */
    status: z.int().min(0).max(599),
    headers: headerList,
    content: z.object({ text: z.string().default(''), encoding: z.string().optional() }).default({ text: '' }),
  }),
});
type Entry = z.output<typeof entrySchema>;

const harSchema = z.union([
  z.object({ log: z.object({ entries: z.array(z.unknown()) }) }).transform(({ log }) => log.entries),
  // Gateways log a `request` and a `response`, too, but none says when like this, nor lists headers.
  z
    .looseObject({ startedDateTime: z.string(), request: z.looseObject({ headers: z.array(z.unknown()) }) })
    .transform((entry): unknown[] => [entry]),
]);

/** The entries of a HAR file, or of one entry copied out of it; undefined when it is neither. */
export function harEntries(value: unknown): readonly unknown[] | undefined {
  const result = harSchema.safeParse(value);
  return result.success ? result.data : undefined;
}

/** Reads HAR entries one by one; those that call no LLM API are left out, as a page's HAR is full of them. */
export async function* readHar(
  entries: readonly unknown[],
  hints: Hints,
  context: RecordedContext,
): AsyncGenerator<Item> {
  for (const [index, value] of entries.entries()) {
    const place = `entry ${index + 1}`;
    const { data: entry } = entrySchema.safeParse(value);
    if (entry === undefined) yield { place, unreadable: 'not_a_har' };
    else if (hints.include === 'all' || isLlmCall(entry)) yield await readEntry(entry, place, { hints, context });
  }
}

function isLlmCall({ request }: Entry): boolean {
  return request.method !== 'OPTIONS' && operationFromPath(request.url) !== undefined;
}

interface Reading {
  readonly hints: Hints;
  readonly context: RecordedContext;
}

async function readEntry({ request, response, ...entry }: Entry, place: string, reading: Reading): Promise<Item> {
  const { hints, context } = reading;
  if (response.status === 0) return { place, unreadable: 'no_answer' };
  const { hostname } = new URL(request.url);
  const startMs = Date.parse(entry.startedDateTime);
  const { text, encoding } = response.content;
  const event = await eventOfRecorded(
    {
      provider: hints.provider ?? providerFromHost(hostname)?.name ?? hostname,
      status: response.status,
      headers: record(response.headers),
      body: Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8'),
      stream: hints.stream,
      durationSeconds: entry.time > 0 ? entry.time / 1000 : hints.durationSeconds,
      timeMs: Number.isNaN(startMs) ? undefined : startMs + Math.max(0, entry.time),
      request: requestOf(request),
    },
    context,
  );
  // Browsers leave credentials out of what they export: that there are none means nothing.
  return { place, hasStatus: true, event: { ...event, keyPresent: event.keyPresent === true ? true : undefined } };
}

function requestOf({ method, url, headers, postData }: Entry['request']): RecordedRequest {
  return { method, url, headers: record(headers), body: Buffer.from(postData.text) };
}

function record(list: Entry['request']['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(list.map(({ name, value }) => [name.toLowerCase(), value]));
}
