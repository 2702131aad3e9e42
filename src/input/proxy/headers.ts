import { type Carried, NOT_CARRIED } from './routing/credentials.ts';

/** RFC 9110 section 7.6.1: these speak about one connection, and an intermediary must not forward them. */
const HOP_BY_HOP = ['connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade'];

/**
 * Names in lower case, by their length: that tells most headers from all of them, without a lower-case copy of each name. The few of one
 * length are compared, as a hash of a name that was just read costs more.
 */
type Names = readonly (readonly string[] | undefined)[];

const NOT_FOR_CLIENT = namesOf(HOP_BY_HOP);
/** An expectation of 100 is answered here (RFC 9110 section 10.1.1). */
const notForUpstream = (carried: Carried): Names => namesOf([...HOP_BY_HOP, 'host', 'expect', ...NOT_CARRIED[carried]]);
const NOT_FOR_UPSTREAM: Readonly<Record<Carried, Names>> = {
  all: notForUpstream('all'),
  beside_key: notForUpstream('beside_key'),
  key: notForUpstream('key'),
  none: notForUpstream('none'),
};
const TRAILER = namesOf(['trailer']);

/**
 * The headers to send upstream, flat (name, value, name, value): order, case and repetition as the
 * client wrote them, without those of the connection, with the upstream's own Host.
 */
export function headersForUpstream(raw: readonly string[], host: string, carried: Carried = 'all'): string[] {
  return ['host', host, ...trailersForUpstream(raw, carried)];
}

/** The trailers to send upstream, in the same form. */
export function trailersForUpstream(raw: readonly string[], carried: Carried): string[] {
  return endToEnd(raw, NOT_FOR_UPSTREAM[carried]);
}

/** The headers to send to the client, in the same form; bytes above 0x7f travel as Latin-1 and come out as they went in. */
export function headersForClient(raw: readonly string[]): string[] {
  return endToEnd(raw, NOT_FOR_CLIENT);
}

/** The same headers without the announcement of trailers, for an answer that can have none. */
export function withoutTrailer(headers: readonly string[]): string[] {
  return endToEnd(headers, TRAILER);
}

/** What `Connection:` usually says; these name no header that would still be there. */
const CONNECTION_WORDS = ['', 'keep-alive', 'close', 'upgrade', 'te'];
/** It may be named and still stays: without it the body behind it would be read as the next request (RFC 9112 section 11.2). */
const FRAMING = 'content-length';

function endToEnd(raw: readonly string[], names: Names): string[] {
  const kept: string[] = [];
  const named: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    const rivals = names[name.length];
    const key = rivals === undefined ? '' : name.toLowerCase();
    if (rivals?.includes(key) !== true) kept.push(name, value);
    else if (key === 'connection' && !CONNECTION_WORDS.includes(value)) named.push(...connectionOptions(value));
  }
  // What Connection names is about the connection too, whatever it is.
  return named.length === 0 ? kept : without(kept, new Set(named));
}

/** A peer may name thousands, all of one length: compared one by one, 64 KiB of them take a quarter of a second. */
function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
}

function namesOf(list: readonly string[]): Names {
  const names: string[][] = [];
  for (const name of list) names[name.length] = [...(names[name.length] ?? []), name];
  return names;
}

function connectionOptions(value: string): string[] {
  return value
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => option !== FRAMING && !CONNECTION_WORDS.includes(option));
}
