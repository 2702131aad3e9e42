import { type FlatHeaders, headerValue, isNamed } from '../../../provider/headers/parsed-headers.ts';
import { InvalidMessageError } from '../http/fields.ts';
import { HeadTooLargeError } from '../http/head-reader.ts';
import type { RequestHead } from '../http/request-head.ts';
import { headTooLarge, malformedRequest, NO_HOST, type OwnAnswer } from '../own-answer.ts';

const MALFORMED = { origin: 'client', type: 'invalid_request_error' } as const;

const UNKNOWN_CODING: OwnAnswer = {
  ...MALFORMED,
  status: 501,
  code: 'unknown_transfer_coding',
  message: 'the only Transfer-Encoding that is understood is chunked',
};

const CODING_BEFORE_1_1: OwnAnswer = {
  ...MALFORMED,
  status: 400,
  code: 'transfer_encoding_in_http_1_0',
  message: 'HTTP/1.0 has no Transfer-Encoding',
};

const UNKNOWN_VERSION: OwnAnswer = {
  ...MALFORMED,
  status: 505,
  code: 'unknown_http_version',
  message: 'the proxy speaks HTTP/1.1 and HTTP/1.0',
};

const BAD_HOST: OwnAnswer = {
  ...MALFORMED,
  status: 400,
  code: 'invalid_host',
  message: 'a request must carry one Host header, with a name or address and a port at most',
};

/** RFC 3986 section 3.2.2 without its structure: what cannot be in a host is a space, a slash, a user, and the like. */
const HOST = /^[\w.~!$&'()*+,;=:%[\]-]*$/;

/** What a client is told that does not speak HTTP. A fault that is no client's is thrown on. */
export function refusalOfUnreadable(error: unknown): OwnAnswer {
  if (error instanceof HeadTooLargeError) return headTooLarge(error.maxBytes);
  if (error instanceof InvalidMessageError) return malformedRequest(error.message);
  throw error;
}

/**
 * What can be read and is refused all the same: a coding that we cannot take off and would pass on unnamed (RFC 9112 section 6.1),
 * Transfer-Encoding before there was one (section 6.1), versions of which we know only the number (section 2.3), and hosts that are none or
 * several (section 3.2).
 */
export function refusalOfMalformed({ headers, httpVersion, framing }: RequestHead): OwnAnswer | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return UNKNOWN_VERSION;
  if (framing.kind === 'unknown') return UNKNOWN_CODING;
  if (framing.kind === 'chunked' && httpVersion === '1.0') return CODING_BEFORE_1_1;
  const host = headerValue(headers, 'host');
  if (host === undefined) return httpVersion === '1.1' ? NO_HOST : undefined;
  return HOST.test(host) && isOne(headers, 'host') ? undefined : BAD_HOST;
}

/** Whoever keeps the first of several, and whoever keeps the last, would serve different sites. */
function isOne(headers: FlatHeaders, name: string): boolean {
  let count = 0;
  for (let at = 0; at < headers.length; at += 2) {
    if (isNamed(headers[at] ?? '', name)) count += 1;
  }
  return count === 1;
}
