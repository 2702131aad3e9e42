import type { IncomingMessage } from 'node:http';
import { isNamed } from '../../../provider/headers/parsed-headers.ts';
import { NO_HOST, type OwnAnswer } from '../own-answer.ts';

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

/**
 * What node:http lets through and RFC 9112 does not: a coding that we cannot take off and would pass on unnamed (section 6.1), Transfer-Encoding
 * before there was one (section 6.1), versions of which we know only the number (section 2.3), and hosts that are none or several (section 3.2).
 */
export function refusalOfMalformed({ headers, httpVersion, rawHeaders }: IncomingMessage): OwnAnswer | undefined {
  const { host, 'transfer-encoding': coding } = headers;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return UNKNOWN_VERSION;
  if (coding !== undefined) {
    if (httpVersion === '1.0') return CODING_BEFORE_1_1;
    if (coding.toLowerCase() !== 'chunked') return UNKNOWN_CODING;
  }
  if (host === undefined) return httpVersion === '1.1' ? NO_HOST : undefined;
  return HOST.test(host) && isOne(rawHeaders, 'host') ? undefined : BAD_HOST;
}

/** node:http keeps the first of several and says nothing. */
function isOne(rawHeaders: readonly string[], name: string): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (isNamed(rawHeaders[at] ?? '', name)) count += 1;
  }
  return count === 1;
}
