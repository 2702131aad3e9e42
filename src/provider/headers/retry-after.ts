import { type Headers, headerValue } from './parsed-headers.ts';
import { DURATION, durationSeconds, secondsUntil } from './wait.ts';

/** OpenAI's SDKs read the first, Azure writes the second; both are more exact than Retry-After, which is whole seconds. */
const MILLISECOND_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms'] as const;
const MILLISECONDS = /^\s*\d{1,12}(?:\.\d{1,6})?\s*$/;

/** `Please try again in 6m54.72s`, `Please retry after 60 seconds`, `retry in 44.2s.`, `wait 5 minutes before`. */
const PROSE = new RegExp(
  `\\b(?:try again|retry|retrying|wait)(?: (?:again|in|after|for|at least|about)){0,3} (${DURATION})`,
  'i',
);
/** Google's `"retryDelay": "3.9s"`, Cloudflare's `retry_after`, OpenRouter's `retry_after_seconds`. */
const FIELD = /\bretry[_-]?(?:delay|after(?:[_-]?seconds)?)['"]?\s{0,3}[:=]\s{0,3}['"]?(\d{1,9}(?:\.\d{1,12})?)s?\b/i;

/**
 * Seconds to wait before the next try, as the answer asks for it: its headers first, in any form of `secondsUntil`, then
 * the words of its message. Providers that send no such header (Gemini, Zhipu) say it there. Undefined when it does not
 * say; never negative. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterSeconds(
  headers: Headers | undefined,
  message: string | undefined,
  nowMs: number,
): number | undefined {
  for (const name of MILLISECOND_HEADERS) {
    const value = headerValue(headers, name);
    if (value !== undefined && MILLISECONDS.test(value)) return secondsUntil(`${value.trim()}ms`, nowMs);
  }
  const value = headerValue(headers, 'retry-after');
  return (value === undefined ? undefined : secondsUntil(value, nowMs)) ?? saidSeconds(message);
}

function saidSeconds(message: string | undefined): number | undefined {
  if (message === undefined) return undefined;
  const said = PROSE.exec(message)?.[1];
  if (said !== undefined) return durationSeconds(said.trim());
  const field = FIELD.exec(message)?.[1];
  return field === undefined ? undefined : durationSeconds(`${field}s`);
}
