import { isNamed } from '../../../provider/headers/parsed-headers.ts';

/** What is no HTTP/1.x message; says what is wrong with it, and quotes nothing of it. */
export class InvalidMessageError extends Error {
  override readonly name = 'InvalidMessageError';
}

/** RFC 9110 section 5.6.2: the characters of a token, of which names are made. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TOKEN_CHARS = Uint8Array.from({ length: 0x80 }, (_, code) => (TOKEN.test(String.fromCharCode(code)) ? 1 : 0));
const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
/** RFC 9110 section 5.5: no control characters but tab; a bare CR could end the line for somebody else. */
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** The fields of a head from `start` on, flat; what a pattern for each line would find is found in one walk. Throws an InvalidMessageError. */
export function parseSection(text: string, start: number): string[] {
  const fields: string[] = [];
  let at = start;
  while (at < text.length) {
    const nameAt = at;
    while (isTokenChar(text.charCodeAt(at))) at += 1;
    const colon = at;
    do at += 1;
    while (isValueChar(text.charCodeAt(at)));
    const isWhole = at >= text.length || (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF);
    // The long way round says what is wrong.
    if (text.charCodeAt(colon) !== COLON || colon === nameAt || !isWhole) return parseFields(linesFrom(text, start));
    fields.push(text.slice(nameAt, colon), trim(text, colon + 1, at));
    at += 2;
  }
  // A line end with nothing behind it would be a field without a name.
  return text.endsWith('\r\n') ? parseFields(linesFrom(text, start)) : fields;
}

function linesFrom(text: string, start: number): string[] {
  return text.slice(start).split('\r\n');
}

function isTokenChar(code: number): boolean {
  return code < 0x80 && TOKEN_CHARS[code] === 1;
}

function isValueChar(code: number): boolean {
  return (code >= 0x20 && code !== 0x7f && code <= 0xff) || code === 0x09;
}

/** Header or trailer lines, flat. Throws an InvalidMessageError. */
export function parseFields(lines: readonly string[]): string[] {
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    // A line that begins with a space would continue the one before it: obsolete, and a way to smuggle (RFC 9112 section 5.2).
    if (!TOKEN.test(name)) throw new InvalidMessageError('a header must begin with a name and a colon');
    const value = trim(line, colon + 1);
    if (FORBIDDEN_IN_VALUE.test(value)) throw new InvalidMessageError(`header ${name} holds a control character`);
    fields.push(name, value);
  }
  return fields;
}

/** Without the spaces and tabs around it; String.trim would take U+00A0 away, which is a byte of the value here. */
function trim(line: string, from: number, to = line.length): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(line.charCodeAt(start))) start += 1;
  while (end > start && isSpace(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** What the fields about connection and framing say; lists are split at their commas (RFC 9110 section 5.6.1), in lower case. */
export interface ConnectionFields {
  readonly connection: readonly string[];
  readonly codings: readonly string[];
  readonly lengths: readonly string[];
  readonly keepAliveSeconds: number | undefined;
}

const NONE: readonly string[] = [];

export function readConnectionFields(headers: readonly string[]): ConnectionFields {
  let connection: string[] | undefined;
  let codings: string[] | undefined;
  let lengths: string[] | undefined;
  let keepAliveSeconds: number | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    if (isNamed(name, 'connection')) connection = joined(connection, value);
    else if (isNamed(name, 'keep-alive')) keepAliveSeconds = keepAliveOf(value);
    else if (isNamed(name, 'transfer-encoding')) codings = joined(codings, value);
    else if (isNamed(name, 'content-length')) lengths = joined(lengths, value);
  }
  return { connection: connection ?? NONE, codings: codings ?? NONE, lengths: lengths ?? NONE, keepAliveSeconds };
}

/** A server says the same with each answer. */
let latestKeepAlive = { value: '', seconds: Number.NaN };

function keepAliveOf(value: string): number {
  if (value !== latestKeepAlive.value)
    latestKeepAlive = { value, seconds: Number(/timeout=(\d{1,6})/i.exec(value)?.[1]) };
  return latestKeepAlive.seconds;
}

/** The same list, longer: of a header that comes thousands of times no copy is made for each. */
function joined(list: string[] | undefined, value: string): string[] {
  const more = listOf(value);
  if (list === undefined) return more;
  for (const item of more) list.push(item);
  return list;
}

/** No pattern splits and trims at once: on many spaces its work would grow with their square. */
export function listOf(value: string): string[] {
  if (!value.includes(',')) return [trim(value, 0).toLowerCase()];
  return value
    .toLowerCase()
    .split(',')
    .map((item) => trim(item, 0));
}

/** HTTP/1.0 closes unless it says otherwise; with a Transfer-Encoding, which it does not have, in any case (RFC 9112 section 6.1). */
export function stays(isMinor1: boolean, { connection, codings }: ConnectionFields): boolean {
  return isMinor1 ? !connection.includes('close') : connection.includes('keep-alive') && codings.length === 0;
}

/** One more digit and a length would not be exact any more; it is more than any body. */
const MAX_LENGTH_DIGITS = 15;

/** The number that is written in digits and nothing else. */
export function digitsOf(text: string): number | undefined {
  if (text.length === 0 || text.length > MAX_LENGTH_DIGITS) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
