/** Parsed headers as node:http and undici give them, names in lower case; undici makes a list of any that is repeated. */
export type ParsedHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The first value of a header, for those that mean one thing only. */
export function headerValue(headers: ParsedHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'string' ? value : value?.[0];
}
