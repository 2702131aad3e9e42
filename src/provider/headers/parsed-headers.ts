/** Headers by their names in lower case; one that is repeated may be a list. */
export type ParsedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Headers as they came: name, value, name, value. */
export type FlatHeaders = readonly string[];

/**
 * Headers in either form. Those of an answer stay flat: a dozen of names are asked for once each, and to bring all names to lower case and
 * put them into an object first cost more than all that was asked of it.
 */
export type Headers = FlatHeaders | ParsedHeaders;

/** The first value of a header, for those that mean one thing only; `name` in lower case. */
export function headerValue(headers: Headers | undefined, name: string): string | undefined {
  if (headers === undefined) return undefined;
  if (isFlat(headers)) return flatValue(headers, name);
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** The names as they are written; one that is repeated may come again. */
export function headerNames(headers: Headers): readonly string[] {
  if (!isFlat(headers)) return Object.keys(headers);
  const names: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) names.push(headers[at] ?? '');
  return names;
}

function isFlat(headers: Headers): headers is FlatHeaders {
  return Array.isArray(headers);
}

function flatValue(headers: FlatHeaders, name: string): string | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const written = headers[at] ?? '';
    // Lengths tell nearly all names apart, without a lower-case copy of each.
    if (written.length === name.length && written.toLowerCase() === name) return headers[at + 1];
  }
  return undefined;
}
