/** Units in which logs write spans of time. */
export const DURATION_UNITS = ['s', 'ms', 'us', 'ns'] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

const UNITS_PER_SECOND: Readonly<Record<DurationUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };

/** Names that give their unit away; `responseTime` is pino-http's, in milliseconds. */
const UNIT_BY_NAME: readonly (readonly [RegExp, DurationUnit])[] = [
  [/(?:_ms|Ms|_millis|_msec|Millis)$|^responseTime$/, 'ms'],
  [/(?:_us|Us|_micros|_usec|Micros)$/, 'us'],
  [/(?:_ns|Ns|_nanos|_nsec|Nanos)$/, 'ns'],
];

/** The unit that a field of this name is written in; seconds when the name does not say. */
export function unitFromName(name: string): DurationUnit {
  return UNIT_BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? 's';
}

/** What a log writes where there is nothing to say: nginx's `-`, or nothing. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === '-';
}

/** A number, written as one or as text. */
export function numberFrom(value: unknown): number | undefined {
  if (typeof value === 'number') return finite(value);
  if (typeof value !== 'string' || !/^\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(value))
    return undefined;
  return finite(Number(value));
}

/** JSON reads 1e999 as Infinity, which no sum would ever get rid of. */
function finite(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number of at least 0, such as a token count. */
export function countFrom(value: unknown): number | undefined {
  const number = numberFrom(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** An HTTP status. LiteLLM writes the word `success` where others write 200. */
export function codeFrom(value: unknown): number | undefined {
  const code = value === 'success' ? 200 : numberFrom(value);
  return code !== undefined && Number.isInteger(code) && code >= 100 && code <= 599 ? code : undefined;
}

const LIST_SEPARATOR = /\s*[,:]\s*/;

/** The parts of nginx's upstream variables: one for each server tried, `, ` between servers and ` : ` between redirects. */
export function listFrom(value: unknown): readonly string[] {
  const text = textFrom(value) ?? '';
  return LIST_SEPARATOR.test(text) ? text.split(LIST_SEPARATOR).filter((part) => part !== '') : [text];
}

/** Longest request that is believed. Beyond a day somebody took milliseconds or nanoseconds for seconds, which must be seen. */
const MAX_SECONDS = 86_400;

/**
 * A span of time in seconds; a list is the sum of its parts (tries follow each other). A negative number is how proxies say
 * that a phase was not reached: NaN, which stands for "unknown". So does a span in a way of writing that is not known, as the request is
 * worth more than its duration. Undefined when it is no span at all, or a number that shows that its unit was mistaken.
 */
export function secondsFrom(value: unknown, unit: DurationUnit): number | undefined {
  const parts = listFrom(value).filter((part) => part !== '-');
  let total = parts.length === 0 ? Number.NaN : 0;
  for (const part of parts) {
    const number = numberFrom(part);
    if (number === undefined ? !BEGINS_AS_SPAN.test(part) : number > MAX_SECONDS * UNITS_PER_SECOND[unit])
      return undefined;
    const seconds = number === undefined ? secondsWithUnits(part) : number / UNITS_PER_SECOND[unit];
    total += seconds < 0 ? Number.NaN : seconds;
  }
  return total;
}

const BEGINS_AS_SPAN = /^\s*[-+]?\.?\d/;
/** Go's way to write spans, as Caddy's `duration_format string` does: https://pkg.go.dev/time#ParseDuration */
const WITH_UNITS = /^(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const EACH_UNIT = /([\d.]+)([a-zµμ]+)/g;
const MAX_SPAN_LENGTH = 64;

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ns: 1e-9,
};

/** NaN when it is not written so, or too long to be believed. */
function secondsWithUnits(text: string): number {
  const span = text.trim();
  if (span.length > MAX_SPAN_LENGTH || !WITH_UNITS.test(span)) return Number.NaN;
  let total = 0;
  for (const [, number, unit] of span.matchAll(EACH_UNIT))
    total += Number(number) * (SECONDS_PER_UNIT[unit ?? ''] ?? Number.NaN);
  return total <= MAX_SECONDS ? Number(total.toFixed(9)) : Number.NaN;
}

export function booleanFrom(value: unknown): boolean | undefined {
  if (value === true || value === 'true' || value === 1 || value === '1') return true;
  if (value === false || value === 'false' || value === 0 || value === '0') return false;
  return undefined;
}

/** Text, or a number that somebody wrote without quotes. */
export function textFrom(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

/**
 * A model's name. A gateway that cuts it out of a request body without reading JSON (deploy/nginx/llm-log.conf) logs its escapes as the
 * client wrote them, and many clients write `/` as `\/`: `deepseek\/deepseek-v3` is the same model as without the backslash.
 */
export function modelFrom(value: unknown): string | undefined {
  // Caddy logs a header as the list of its values.
  const text = textFrom(Array.isArray(value) ? value[0] : value);
  return text?.includes('\\') ? (unescapeJson(text) ?? text) : text;
}

function unescapeJson(content: string): string | undefined {
  try {
    const value: unknown = JSON.parse(`"${content}"`);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // The backslash is no escape but a part of the name.
    return undefined;
  }
}

/** An id that is safe to show: bounded, printable, without spaces. 128 is what an OpenMetrics exemplar can hold. */
export function idFrom(value: unknown): string | undefined {
  const text = textFrom(value);
  return text !== undefined && /^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined;
}
