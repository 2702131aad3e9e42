import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../clock.ts';
import { operationFromPath } from '../../../provider/operation.ts';
import { createRequestBodyScanner, factsFromPath } from '../../../provider/request-body.ts';
import { headerValue, type ParsedHeaders } from '../headers.ts';

/** What a request said, and whether its streams have a documented end. */
export interface RequestFacts {
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  readonly keyPresent: boolean;
  readonly mustEnd: boolean;
}

/** Watches a request that passes by; of its body nothing is kept but the two names that are looked for. */
export interface RequestTap {
  push(chunk: Buffer): void;
  facts(): RequestFacts;
}

/** Operations whose streams end in a documented way, so that a missing end means something. */
const ENDS_WITH_EVENT: ReadonlySet<string | undefined> = new Set([
  'chat',
  'text_completion',
  'responses',
  'generate_content',
]);

export function createRequestTap({ url = '/', headers }: IncomingMessage): RequestTap {
  const scanner = createRequestBodyScanner();
  const path = factsFromPath(url);
  const keyPresent = hasKey(headers);
  const mustEnd = ENDS_WITH_EVENT.has(operationFromPath(url));
  return {
    push: scanner.push.bind(scanner),
    facts() {
      const body = scanner.facts();
      return { model: body.model ?? path.model, stream: path.stream ?? body.stream, keyPresent, mustEnd };
    },
  };
}

/** Where OpenAI, Anthropic, Azure and Gemini clients put their key. Only its presence is looked at. */
const KEY_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** Ids end up in exemplars: nothing but what ids are made of. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id'] as const;

/** Whether the client sent any credential; `Bearer ` with nothing behind it is none. */
function hasKey(headers: ParsedHeaders): boolean {
  return KEY_HEADERS.some((name) => (headerValue(headers, name) ?? '').replace(/^bearer\s*/i, '').trim() !== '');
}

/** The id that the answer or, failing that, the request carries. */
export function requestIdOf(...sources: readonly (ParsedHeaders | undefined)[]): string | undefined {
  for (const headers of sources) {
    for (const name of REQUEST_ID_HEADERS) {
      const id = headerValue(headers, name);
      if (id !== undefined && REQUEST_ID.test(id)) return id;
    }
  }
  return undefined;
}

/** Retry-After as seconds from now, from either of its forms (RFC 9110 section 10.2.3). */
export function retryAfterSeconds(header: string | undefined, clock: Clock): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Number(text);
  const dateMs = /^[A-Z][a-z]{2,8},/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, (dateMs - clock.nowMs()) / 1000);
}
