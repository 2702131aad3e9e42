import type { Exhausted, RateLimit, RateLimitBucket, RateLimitResource } from '../../event/request-event.ts';
import { type Headers, headerNames, headerValue } from './parsed-headers.ts';
import { secondsUntil } from './wait.ts';

/** A window that outlasts the day's work: waiting for it is another matter than waiting for a minute's. */
type LongWindow = Extract<Exhausted, 'day' | 'month'>;

/**
 * One bucket of a rate limit: the name of its three headers, with `*` for `limit`, `remaining` and `reset`, what it
 * counts, and its window where the name says that it is a long one. All numbers are read alike (see `secondsUntil` for
 * resets), so a provider that invents new names needs a line here and nothing else.
 */
const BUCKETS: readonly (readonly [names: string, resource: RateLimitResource, window?: LongWindow])[] = [
  // https://platform.openai.com/docs/guides/rate-limits (project limits beside the organisation's), Azure OpenAI,
  // https://console.groq.com/docs/rate-limits (its requests are a day's: a rule of the catalogue knows), xAI, LiteLLM
  ['x-ratelimit-*-requests', 'requests'],
  ['x-ratelimit-*-tokens', 'tokens'],
  ['x-ratelimit-*-project-requests', 'requests'],
  ['x-ratelimit-*-project-tokens', 'tokens'],
  ['x-ratelimit-*-input-tokens', 'tokens'],
  ['x-ratelimit-*-output-tokens', 'tokens'],
  // https://docs.anthropic.com/en/api/rate-limits. Not `anthropic-priority-*`: past it, requests are served as standard.
  ['anthropic-ratelimit-requests-*', 'requests'],
  ['anthropic-ratelimit-tokens-*', 'tokens'],
  ['anthropic-ratelimit-input-tokens-*', 'tokens'],
  ['anthropic-ratelimit-output-tokens-*', 'tokens'],
  // https://inference-docs.cerebras.ai/support/rate-limits, SambaNova
  ['x-ratelimit-*-requests-minute', 'requests'],
  ['x-ratelimit-*-requests-hour', 'requests'],
  ['x-ratelimit-*-requests-day', 'requests', 'day'],
  ['x-ratelimit-*-requests-month', 'requests', 'month'],
  ['x-ratelimit-*-tokens-minute', 'tokens'],
  ['x-ratelimit-*-tokens-hour', 'tokens'],
  ['x-ratelimit-*-tokens-day', 'tokens', 'day'],
  ['x-ratelimit-*-tokens-month', 'tokens', 'month'],
  // https://github.com/mistralai/client-ts/issues/169, and what Mistral sent before
  ['x-ratelimit-*-req-minute', 'requests'],
  ['ratelimitbysize-*', 'tokens'],
  ['x-ratelimitbysize-*-minute', 'tokens'],
  ['x-ratelimitbysize-*-month', 'tokens', 'month'],
  // https://docs.together.ai/docs/rate-limits
  ['x-tokenlimit-*', 'tokens'],
  ['x-tokenlimit-*-dynamic', 'tokens'],
  ['x-ratelimit-*-dynamic', 'requests'],
  // https://docs.fireworks.ai/guides/quotas_usage/rate-limits
  ['x-ratelimit-*-tokens-prompt', 'tokens'],
  ['x-ratelimit-*-tokens-generated', 'tokens'],
  ['x-ratelimit-*-tokens-cache-adjusted-prompt', 'tokens'],
  // OpenRouter, Together, Mistral, Envoy; Kong; draft-ietf-httpapi-ratelimit-headers up to 07
  ['x-ratelimit-*', 'requests'],
  ['x-ratelimit-*-second', 'requests'],
  ['x-ratelimit-*-minute', 'requests'],
  ['x-ratelimit-*-hour', 'requests'],
  ['x-ratelimit-*-day', 'requests', 'day'],
  ['x-ratelimit-*-month', 'requests', 'month'],
  ['ratelimit-*', 'requests'],
];

const FIELDS = [
  ['limit', 'limit'],
  ['remaining', 'remaining'],
  ['reset', 'resetSeconds'],
] as const;
type Field = (typeof FIELDS)[number][1];

/** Every header of the table: its bucket, by place in the table, and which of the three numbers it is. */
const HEADERS: ReadonlyMap<string, readonly [bucket: number, field: Field]> = new Map(
  BUCKETS.flatMap(([names], bucket) => FIELDS.map(([word, field]) => [names.replace('*', word), [bucket, field]])),
);

/** What all of these names have in common: nearly all other names are passed over without a lower-case copy. */
const SHORTEST_NAME = Math.min(...Array.from(HEADERS.keys(), (name) => name.length));
const LIMIT = /limit/i;

/** A first number alone or before the policy that Envoy and the IETF draft add (`10, 10;w=60`); not `30,000`. */
const COUNT = /^\s*(-?\d{1,16}(?:\.\d{1,6})?)\s*(?:;|, |$)/;
/** Nobody grants so many requests or tokens: the number stands for "no limit". So do the largest of 32 bits. */
const MAX_COUNT = 1e12;
const NO_LIMIT: ReadonlySet<number> = new Set([2 ** 31 - 1, 2 ** 32 - 1]);

/** A bucket as its headers come; a limit that is none makes what else they say worthless. */
type Reading = Partial<Record<Field, number>> & { isUnlimited?: boolean };

/**
 * What an answer's headers say of the limits that its request was counted against; undefined when they say nothing.
 * `nowMs` is when the headers came. Placeholders for "none" and "unknown" are left out.
 */
export function readRateLimit(headers: Headers | undefined, nowMs: number): RateLimit | undefined {
  if (headers === undefined) return undefined;
  let readings: Map<number, Reading> | undefined;
  for (const written of headerNames(headers)) {
    if (written.length < SHORTEST_NAME || !LIMIT.test(written)) continue;
    const name = written.toLowerCase();
    const header = HEADERS.get(name);
    if (header === undefined) continue;
    readings ??= new Map();
    const [bucket, field] = header;
    const text = headerValue(headers, name);
    const value = field === 'resetSeconds' ? secondsUntil(text, nowMs) : count(text);
    const reading = readings.get(bucket) ?? {};
    readings.set(bucket, reading);
    if (value !== undefined) reading[field] = value;
    if (field === 'limit' && !(value !== undefined && value >= 0)) reading.isUnlimited = true;
  }
  return readings && summarize(readings, nowMs);
}

function count(text = ''): number | undefined {
  const digits = COUNT.exec(text)?.[1];
  const value = Number(digits);
  return digits === undefined || value > MAX_COUNT || NO_LIMIT.has(value) ? undefined : value;
}

function summarize(readings: ReadonlyMap<number, Reading>, timeMs: number): RateLimit | undefined {
  const told: Partial<Record<RateLimitResource, RateLimitBucket>> = {};
  const exhausted = new Set<Exhausted>();
  for (const [at, { isUnlimited, ...bucket }] of readings) {
    const [, resource, window] = BUCKETS[at] ?? [];
    if (resource === undefined || isUnlimited || isUnknown(bucket)) continue;
    if (bucket.limit === 0) {
      exhausted.add('plan');
      continue;
    }
    if (bucket.remaining !== undefined && bucket.remaining <= 0) exhausted.add(window ?? resource);
    const rival = told[resource];
    // Of several buckets of one resource the one nearest its end is told: it is the one that will refuse.
    if (rival === undefined || share(bucket) < share(rival)) told[resource] = bucket;
  }
  const isSaid = told.requests !== undefined || told.tokens !== undefined || exhausted.size > 0;
  return isSaid ? { timeMs, ...told, exhausted: [...exhausted] } : undefined;
}

/** Nothing legible, or a lone -1; a real overdraft (Azure's -27689) comes with the limit or is larger. */
function isUnknown({ limit, remaining, resetSeconds }: RateLimitBucket): boolean {
  return limit === undefined && resetSeconds === undefined && (remaining === undefined || remaining === -1);
}

/** How much of it is left; a bucket that names no limit is compared by its number, which puts an empty one first. */
function share({ limit, remaining }: RateLimitBucket): number {
  if (remaining === undefined) return Number.POSITIVE_INFINITY;
  return limit === undefined ? remaining : remaining / limit;
}
