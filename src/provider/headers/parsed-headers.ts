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

/** All values of a header, `name` in lower case. */
export function headerValues(headers: FlatHeaders, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isNamed(headers[at] ?? '', name)) values.push(headers[at + 1] ?? '');
  }
  return values;
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

/** Whether a name, in any case, is this one, which is in lower case; their lengths tell nearly all apart, and no copy is made of the others. */
export function isNamed(written: string, name: string): boolean {
  if (written.length !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) {
    const code = written.charCodeAt(at);
    const isCapital = code >= CAPITAL_A && code <= CAPITAL_Z;
    if ((isCapital ? code + TO_SMALL : code) !== name.charCodeAt(at)) return false;
  }
  return true;
}

const CAPITAL_A = 0x41;
const CAPITAL_Z = 0x5a;
const TO_SMALL = 0x20;

function flatValue(headers: FlatHeaders, name: string): string | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isNamed(headers[at] ?? '', name)) return headers[at + 1];
  }
  return undefined;
}
