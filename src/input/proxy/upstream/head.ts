import { isNamed } from '../../../provider/headers/parsed-headers.ts';
import {
  type ConnectionFields,
  digitsOf,
  InvalidMessageError,
  listOf,
  parseSection,
  readConnectionFields,
  stays,
} from '../http/fields.ts';
import type { AnswerHead } from './call.ts';

/** `HTTP/1.1 200 OK`; the reason may be missing with its space, as some servers write it (RFC 9112 section 4). */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
/** How the body behind a head ends (RFC 9112 section 6.3). */
export type Framing =
  | { readonly kind: 'none' | 'chunked' | 'until_close' }
  | { readonly kind: 'length'; readonly length: number };

export interface ParsedHead extends AnswerHead {
  /** The connection can carry another request after this answer. */
  readonly keepAlive: boolean;
  /** Seconds the server says it keeps an idle connection (`Keep-Alive: timeout=5`). */
  readonly keepAliveSeconds: number | undefined;
  readonly framing: Framing;
}

/** Reads the head of an answer: its text in Latin-1, up to and without the blank line. Throws an InvalidMessageError. */
export function parseHead(text: string, method: string): ParsedHead {
  const lineEnd = text.indexOf('\r\n');
  const { status, reason, isMinor1 } = readStatusLine(text, lineEnd === -1 ? text.length : lineEnd);
  const fields = lineEnd === -1 ? [] : parseSection(text, lineEnd + 2);
  const facts = readConnectionFields(fields);
  const framing = framingOf(status, method, facts);
  return {
    ...{ status, reason, framing },
    headers: facts.lengths.length > 1 ? withOneLength(fields) : fields,
    keepAlive: framing.kind !== 'until_close' && stays(isMinor1, facts),
    keepAliveSeconds: facts.keepAliveSeconds,
  };
}

interface StatusLine {
  readonly status: number;
  readonly reason: string;
  readonly isMinor1: boolean;
}

const OK_LINE = 'HTTP/1.1 200 OK';
const OK: StatusLine = { status: 200, reason: 'OK', isMinor1: true };

function readStatusLine(text: string, end: number): StatusLine {
  // Nearly all of them.
  if (end === OK_LINE.length && text.startsWith(OK_LINE)) return OK;
  const [, minor, digits, reason = ''] = STATUS_LINE.exec(text.slice(0, end)) ?? [];
  if (digits === undefined) throw new InvalidMessageError('no status line');
  return { status: Number(digits), reason, isMinor1: minor === '1' };
}

/** RFC 9112 section 6.3, in its order but for what it lets a recipient refuse. */
function framingOf(status: number, method: string, { codings, lengths }: ConnectionFields): Framing {
  // Behind a CONNECT that was granted all bytes are the tunnel's, whatever its head says.
  if (method === 'CONNECT' && status >= 200 && status < 300) return { kind: 'none' };
  if (codings.length > 0 && lengths.length > 0) {
    throw new InvalidMessageError('both Transfer-Encoding and Content-Length');
  }
  const length = lengthOf(lengths);
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return { kind: 'none' };
  if (codings.length > 0) {
    if (codings.length === 1 && codings[0] === 'chunked') return { kind: 'chunked' };
    throw new InvalidMessageError(`Transfer-Encoding ${codings.join(', ').slice(0, 40)} is not understood`);
  }
  if (length === undefined) return { kind: 'until_close' };
  return length === 0 ? { kind: 'none' } : { kind: 'length', length };
}

/** The same length said twice is one length (RFC 9112 section 6.3). */
function lengthOf(lengths: readonly string[]): number | undefined {
  const [length] = lengths;
  if (length === undefined) return undefined;
  const value = digitsOf(length);
  if (value === undefined || lengths.some((other) => other !== length))
    throw new InvalidMessageError('Content-Length is no length');
  return value;
}

/** Said twice it may not go on like that (RFC 9110 section 8.6). */
function withOneLength(fields: readonly string[]): string[] {
  const kept: string[] = [];
  let isSaid = false;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const value = fields[at + 1] ?? '';
    const isLength = isNamed(name, 'content-length');
    if (!isLength) kept.push(name, value);
    else if (!isSaid) kept.push(name, listOf(value)[0] ?? '');
    isSaid ||= isLength;
  }
  return kept;
}
