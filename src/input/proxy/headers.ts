import { KEY_HEADERS } from '../../provider/headers/credentials.ts';

/** RFC 9110 section 7.6.1: these speak about one connection, and an intermediary must not forward them. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** node:http has already answered an expectation of 100 (RFC 9110 section 10.1.1). */
const NOT_FOR_UPSTREAM: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'expect']);
const NOT_BESIDE_KEY: ReadonlySet<string> = new Set([...NOT_FOR_UPSTREAM, ...KEY_HEADERS]);

/**
 * The headers to send upstream, flat as node:http has them (name, value, name, value): order, case and repetition as the
 * client wrote them, without those of the connection, with the upstream's own Host. A `key` takes the place of whatever the client sent as one.
 */
export function headersForUpstream(raw: readonly string[], host: string, key: readonly string[] = []): string[] {
  if (key.length === 0) return ['host', host, ...endToEnd(raw, NOT_FOR_UPSTREAM)];
  return ['host', host, ...endToEnd(raw, NOT_BESIDE_KEY), ...key];
}

/** The headers to send to the client, in the same form; bytes above 0x7f travel as Latin-1 and come out as they went in. */
export function headersForClient(raw: readonly string[]): string[] {
  return endToEnd(raw, HOP_BY_HOP);
}

const TRAILER: ReadonlySet<string> = new Set(['trailer']);

/** The same headers without the announcement of trailers, for an answer that can have none. */
export function withoutTrailer(headers: readonly string[]): string[] {
  return endToEnd(headers, TRAILER);
}

/** What `Connection:` usually says; these name no header that would still be there. */
const CONNECTION_WORDS: ReadonlySet<string> = new Set(['', 'keep-alive', 'close', 'upgrade', 'te']);

function endToEnd(raw: readonly string[], dropped: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  const named: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    const key = name.toLowerCase();
    if (!dropped.has(key)) kept.push(name, value);
    else if (key === 'connection') named.push(...connectionOptions(value));
  }
  // What Connection names is about the connection too, whatever it is.
  return named.length === 0 ? kept : endToEnd(kept, new Set(named));
}

function connectionOptions(value: string): string[] {
  return value
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => !CONNECTION_WORDS.has(option));
}
