/** Headers by their names in lower case; one that is repeated may be a list. */
export type ParsedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The first value of a header, for those that mean one thing only. */
export function headerValue(headers: ParsedHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * What nearly every answer carries and nothing is read from: framing, caching, cookies, what is for browsers, and what CDNs add. As they are
 * written, in small letters or with capitals, they are passed over before anything is made of them.
 */
const DULL: ReadonlySet<string> = new Set([
  ...['CF-RAY', 'ETag', 'NEL'],
  ...[
    ...['date', 'content-length', 'connection', 'keep-alive', 'transfer-encoding', 'trailer', 'via', 'vary', 'age'],
    ...['cache-control', 'expires', 'pragma', 'etag', 'last-modified', 'set-cookie', 'alt-svc', 'nel', 'report-to'],
    ...['strict-transport-security', 'x-content-type-options', 'x-frame-options', 'content-security-policy'],
    ...['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-allow-headers'],
    ...['access-control-allow-methods', 'access-control-expose-headers', 'cf-ray', 'cf-cache-status', 'x-powered-by'],
  ].flatMap((name) => [name, name.replace(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase())]),
]);

/** Flat headers (name, value, name, value) by name, but for those that nothing is read from. */
export function parseHeaders(flat: readonly string[]): ParsedHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const written = flat[at] ?? '';
    if (DULL.has(written)) continue;
    const name = written.toLowerCase();
    const value = flat[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : typeof before === 'string' ? [before, value] : [...before, value];
  }
  return headers;
}
