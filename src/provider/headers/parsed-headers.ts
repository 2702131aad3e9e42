/** Headers by their names in lower case; one that is repeated may be a list. */
export type ParsedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The first value of a header, for those that mean one thing only. */
export function headerValue(headers: ParsedHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** Flat headers (name, value, name, value) by name. */
export function parseHeaders(flat: readonly string[]): ParsedHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = (flat[at] ?? '').toLowerCase();
    const value = flat[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : typeof before === 'string' ? [before, value] : [...before, value];
  }
  return headers;
}
