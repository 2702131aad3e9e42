import { type Headers, headerValue } from './parsed-headers.ts';

/** Where OpenAI, Anthropic, Azure and Gemini clients put their key, in lower case. */
export const KEY_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** Gemini's key may stand in the query: https://ai.google.dev/api/all-methods. */
const KEY_IN_QUERY = /[?&]key=[^&#]/;

/** What `keyIn` makes nothing of. */
const NO_KEY = /^(?:bearer)?\s*$/i;

/** Whether the client sent any credential; only its presence is looked at. `Bearer ` with nothing behind it is none. */
export function hasKey(url: string, headers: Headers): boolean {
  return KEY_HEADERS.some((name) => !NO_KEY.test(headerValue(headers, name) ?? '')) || KEY_IN_QUERY.test(url);
}

/** The keys that a client sent in its headers. They must go nowhere: not into a log line, not into a label. */
export function presentedKeys(headers: Headers): string[] {
  return KEY_HEADERS.map((name) => keyIn(headers, name)).filter((key) => key !== '');
}

function keyIn(headers: Headers, name: string): string {
  return (
    headerValue(headers, name)
      ?.replace(/^bearer\s*/i, '')
      .trim() ?? ''
  );
}
