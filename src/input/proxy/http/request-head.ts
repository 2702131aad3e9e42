import type { FlatHeaders } from '../../../provider/headers/parsed-headers.ts';
import {
  type ConnectionFields,
  digitsOf,
  InvalidMessageError,
  parseSection,
  readConnectionFields,
  stays,
} from './fields.ts';

/**
 * How the body behind a request's head ends (RFC 9112 section 6.3). `unknown`: it has a coding that nobody can take off, and so no end that is
 * known.
 */
export type RequestFraming =
  | { readonly kind: 'none' | 'chunked' | 'unknown' }
  | { readonly kind: 'length'; readonly length: number };

/** The head of a request, as the client wrote it. */
export interface RequestHead {
  readonly method: string;
  /** The request target: a path with its query, a whole URL, `*`, or the authority of a CONNECT (RFC 9112 section 3.2). */
  readonly url: string;
  /** `1.1`, or another that is not spoken here. */
  readonly httpVersion: string;
  /** Case, order and repetition kept, bytes as Latin-1. */
  readonly headers: FlatHeaders;
  /** The client will send another request on this connection. */
  readonly keepAlive: boolean;
  readonly framing: RequestFraming;
}

/** A longer first word is no method: the longest that is registered has 17 letters (RFC 9110 section 16.1). */
export const MAX_METHOD_BYTES = 64;
export const NO_REQUEST_LINE = 'the first line must be METHOD target HTTP/1.1, with single spaces';
const VERSION_1_1 = ' HTTP/1.1';
/** HTTP/0.9 had no version. */
const OTHER_VERSION = /^ HTTP\/(\d\.\d)$/;

/** Reads the head of a request: its text in Latin-1, up to and without the blank line. Throws an InvalidMessageError. */
export function parseRequestHead(text: string): RequestHead {
  const { method, url, httpVersion, end } = readRequestLine(text);
  const headers = end === text.length ? [] : parseSection(text, end + 2);
  const facts = readConnectionFields(headers);
  return {
    ...{ method, url, httpVersion, headers },
    keepAlive: stays(httpVersion === '1.1', facts),
    framing: framingOf(facts),
  };
}

/** RFC 9112 section 3: single spaces, and nothing else that could be read in two ways. */
function readRequestLine(text: string) {
  let at = 0;
  while (isMethodChar(text.charCodeAt(at))) at += 1;
  const method = text.slice(0, at);
  const urlAt = at + 1;
  const isMethod = at > 0 && at <= MAX_METHOD_BYTES && text.charCodeAt(at) === SPACE;
  do at += 1;
  while (isVisible(text.charCodeAt(at)));
  if (!isMethod || at === urlAt) throw new InvalidMessageError(NO_REQUEST_LINE);
  const url = text.slice(urlAt, at);
  // Nearly all of them.
  if (text.startsWith(VERSION_1_1, at) && isLineEnd(text, at + VERSION_1_1.length))
    return { method, url, httpVersion: '1.1', end: at + VERSION_1_1.length };
  const lineEnd = text.indexOf('\r\n', at);
  const end = lineEnd === -1 ? text.length : lineEnd;
  const httpVersion = end === at ? '0.9' : OTHER_VERSION.exec(text.slice(at, end))?.[1];
  if (httpVersion === undefined) throw new InvalidMessageError(NO_REQUEST_LINE);
  return { method, url, httpVersion, end };
}

const SPACE = 0x20;
const DASH = 0x2d;
const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
const UNDERSCORE = 0x5f;

/**
 * Capitals, as in all methods that are registered; nginx takes the same. Any token may be a method (RFC 9110 section 9.1), but then the rest of
 * a body that is longer than it says, with the next request behind it, would pass as a request.
 */
export function isMethodChar(code: number): boolean {
  return (code >= CAPITAL_A && code <= CAPITAL_Z) || code === DASH || code === UNDERSCORE;
}

function isVisible(code: number): boolean {
  return code > SPACE && code < 0x7f;
}

function isLineEnd(text: string, at: number): boolean {
  return at === text.length || text.startsWith('\r\n', at);
}

/** Stricter than RFC 9112 section 6.3 lets a recipient be lenient: no two lengths, be they the same, and no length beside a coding. */
function framingOf({ codings, lengths }: ConnectionFields): RequestFraming {
  if (codings.length > 0) {
    if (lengths.length > 0) throw new InvalidMessageError('Transfer-Encoding and Content-Length exclude each other');
    if (codings.length === 1 && codings[0] === 'chunked') return { kind: 'chunked' };
    // Where it is not the last the end of the body is not known, and it may come only once (RFC 9112 section 6.1).
    if (codings.indexOf('chunked') < codings.length - 1 && codings.includes('chunked'))
      throw new InvalidMessageError('chunked must be the last Transfer-Encoding, and come once');
    return { kind: 'unknown' };
  }
  const [length] = lengths;
  if (length === undefined) return { kind: 'none' };
  const value = digitsOf(length);
  if (value === undefined || lengths.length > 1)
    throw new InvalidMessageError('Content-Length must be said once, in at most 15 digits');
  return value === 0 ? { kind: 'none' } : { kind: 'length', length: value };
}
