/** Units as Go prints them (https://pkg.go.dev/time#Duration.String) and as messages spell them out. */
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  milliseconds: 1e-3,
  millisecond: 1e-3,
  ms: 1e-3,
  minutes: 60,
  minute: 60,
  mins: 60,
  min: 60,
  m: 60,
  seconds: 1,
  second: 1,
  secs: 1,
  sec: 1,
  s: 1,
  hours: 3600,
  hour: 3600,
  h: 3600,
  days: 86_400,
  day: 86_400,
  d: 86_400,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};
const NUMBER = '\\d{1,13}(?:\\.\\d{1,12})?';
const UNIT = `(?:${Object.keys(UNIT_SECONDS).join('|')})(?![a-zµ])`;

/** Pattern source for `6m0s`, `547ms`, `6m 11.52s`, `60 seconds`, to be found within text; in any case. */
export const DURATION = `(?:${NUMBER} ?${UNIT}[ ,]{0,2}){1,6}`;

const ONE_PART = new RegExp(`(${NUMBER}) ?(${UNIT})`, 'gi');
const WHOLE_DURATION = new RegExp(`^${DURATION}$`, 'i');
const PLAIN_NUMBER = new RegExp(`^${NUMBER}$`);
/** RFC 3339; a time without a zone could mean any. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;
/** The form that RFC 9110 section 5.6.7 has every server send. */
const HTTP_DATE = /^[A-Z][a-z]{2},? \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** As spans these would be 31 years and 3,000: whoever writes so large a number means a point in time. */
const MIN_EPOCH_SECONDS = 1e9;
const MIN_EPOCH_MS = 1e11;
/** The longest window seen is a month; what is further away stands for "never" or "unknown". */
const MAX_WAIT_SECONDS = 366 * 86_400;
/** Clocks differ by seconds; a date longer ago is a placeholder, like the first second of year 1 that Go writes for none. */
const MAX_PAST_SECONDS = 86_400;

/** Seconds of a duration with units; undefined when it is none or not to be believed. */
export function durationSeconds(text: string): number | undefined {
  if (!WHOLE_DURATION.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit = ''] of text.matchAll(ONE_PART)) {
    seconds += Number(number) * (UNIT_SECONDS[unit.toLowerCase()] ?? 0);
  }
  return plausible(seconds);
}

/**
 * Seconds from `nowMs` to what a header calls the end of a wait, in any of the forms in use: plain seconds, a duration,
 * epoch seconds or milliseconds, RFC 3339, an HTTP date. No two of them can be taken for one another, so nobody has to
 * say which provider writes which, and a change of mind does no harm. Never negative: a moment that has just passed is
 * 0. Undefined for anything else, placeholders for "none" included.
 */
export function secondsUntil(text: string | undefined, nowMs: number): number | undefined {
  const value = text?.trim() ?? '';
  if (!PLAIN_NUMBER.test(value)) return durationSeconds(value) ?? untilDate(value, nowMs);
  const number = Number(value);
  if (number < MIN_EPOCH_SECONDS) return plausible(number);
  return untilMs(number < MIN_EPOCH_MS ? number * 1000 : number, nowMs);
}

function untilDate(text: string, nowMs: number): number | undefined {
  return RFC3339.test(text) || HTTP_DATE.test(text) ? untilMs(Date.parse(text), nowMs) : undefined;
}

function untilMs(timeMs: number, nowMs: number): number | undefined {
  const seconds = (timeMs - nowMs) / 1000;
  return seconds >= -MAX_PAST_SECONDS ? plausible(Math.max(0, seconds)) : undefined;
}

function plausible(seconds: number): number | undefined {
  return seconds <= MAX_WAIT_SECONDS ? seconds : undefined;
}
