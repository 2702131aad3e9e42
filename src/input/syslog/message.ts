const LESS = 60;
const GREATER = 62;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 91;
const CLOSE = 93;
const DASH = 45;

/** Facility 23 and severity 7 (RFC 5424 section 6.2.1). */
const MAX_PRIORITY = 191;
/** VERSION of RFC 5424 and a space. */
const VERSION_1 = '1 ';
/** TIMESTAMP, HOSTNAME, APP-NAME, PROCID and MSGID of RFC 5424. */
const HEADER_WORDS = 5;
/** As far as a header of RFC 3164 may reach: 1024 bytes is the longest packet that it allows. */
const MAX_HEADER_BYTES = 1024;

/** `Oct  1 10:00:00` of RFC 3164, or the ISO time that rsyslog and HAProxy (`format timed`) put in its place. */
const TIME =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) /;
/**
 * `nginx: `, `haproxy[123]: `, with a host in front (nginx) or none (HAProxy, nginx with `nohostname`). The space is part of it, since the
 * content may begin with an address and a port.
 */
const TAG = /^(?:\S{1,255} )??[\w./-]{1,48}(?:\[[^\]\s]{1,32}\])?:(?: |$)/;

/** What a syslog message says, without its header. */
export interface Content {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the content of the message that lies from `start` up to `end`; undefined when it is no syslog. Reads RFC 5424 and what is really
 * sent as RFC 3164, with or without time, host and tag. Without a priority the whole message is content (RFC 3164 section 4.3.3;
 * HAProxy's `format raw`).
 */
export function contentOf(bytes: Buffer, start: number, end: number): Content | undefined {
  const last = withoutTrailer(bytes, start, end);
  if (last === start) return undefined;
  if (bytes[start] !== LESS) return { start, end: last };
  const header = afterPriority(bytes, start, last);
  if (header === undefined) return undefined;
  const isVersion1 = bytes.toString('latin1', header, header + VERSION_1.length) === VERSION_1;
  const content = isVersion1
    ? contentOf5424(bytes, header + VERSION_1.length, last)
    : contentOf3164(bytes, header, last);
  return content === undefined ? undefined : { start: Math.min(content, last), end: last };
}

/** Newlines and NULs end a message that others put into a stream as it is. */
function withoutTrailer(bytes: Buffer, start: number, end: number): number {
  let last = end;
  while (last > start && (bytes[last - 1] === 10 || bytes[last - 1] === 13 || bytes[last - 1] === 0)) last -= 1;
  return last;
}

function afterPriority(bytes: Buffer, start: number, end: number): number | undefined {
  let priority = 0;
  for (let at = start + 1; at < Math.min(end, start + 5); at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === GREATER) return at > start + 1 && priority <= MAX_PRIORITY ? at + 1 : undefined;
    if (byte < 48 || byte > 57) return undefined;
    priority = priority * 10 + byte - 48;
  }
  return undefined;
}

function contentOf3164(bytes: Buffer, start: number, end: number): number {
  const header = bytes.toString('latin1', start, Math.min(end, start + MAX_HEADER_BYTES));
  const time = TIME.exec(header)?.[0].length ?? 0;
  const tag = TAG.exec(header.slice(time))?.[0].length ?? 0;
  return start + time + tag;
}

function contentOf5424(bytes: Buffer, start: number, end: number): number | undefined {
  let at = start;
  for (let word = 0; word < HEADER_WORDS; word += 1) {
    const space = bytes.indexOf(SPACE, at);
    if (space === -1 || space >= end || space === at) return undefined;
    at = space + 1;
  }
  const data = afterStructuredData(bytes, at, end);
  if (data === undefined) return undefined;
  if (data === end) return end;
  if (bytes[data] !== SPACE) return undefined;
  const content = data + 1;
  const hasByteOrderMark = bytes[content] === 0xef && bytes[content + 1] === 0xbb && bytes[content + 2] === 0xbf;
  return hasByteOrderMark ? content + 3 : content;
}

/** `-`, or elements such as `[id name="va\"lue"]` one after the other. */
function afterStructuredData(bytes: Buffer, start: number, end: number): number | undefined {
  if (bytes[start] === DASH) return start + 1;
  if (bytes[start] !== OPEN) return undefined;
  let quoted = false;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (quoted && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) quoted = !quoted;
    else if (!quoted && byte === CLOSE && (at + 1 === end || bytes[at + 1] !== OPEN)) return at + 1;
  }
  return undefined;
}
