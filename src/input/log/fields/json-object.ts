/** An object that came out of JSON: nothing is known of its values. */
export type JsonObject = Readonly<Record<string, unknown>>;

const SPACE = 0x20;

/** Reads one JSON object, or says why there is none. Bad UTF-8 inside a string does not lose the request: it becomes U+FFFD. */
export function readJsonObject(
  bytes: Buffer,
  start: number,
  end: number,
): JsonObject | 'invalid_json' | 'not_an_object' {
  let from = start;
  let to = end;
  // NULs too: a log cut by copytruncate under a writer that does not append begins with a hole of them.
  while (from < to && isPadding(bytes[from])) from += 1;
  // Some writers, PowerShell among them, begin a file with a mark that JSON must not begin with (RFC 8259, section 8.1).
  if (bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) from += 3;
  while (to > from && isPadding(bytes[to - 1])) to -= 1;
  const value = parse(bytes.toString('utf8', from, to));
  if (value === undefined) return 'invalid_json';
  return isJsonObject(value) ? value : 'not_an_object';
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPadding(byte: number | undefined): boolean {
  return byte !== undefined && byte <= SPACE;
}

/**
 * nginx without `escape=json` writes a quote in a header as \x22, which no JSON parser reads
 * (https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format). Without the second try anybody could keep
 * their requests out of the counts by a quote in their User-Agent.
 */
function parse(text: string): unknown {
  const value = tryParse(text);
  if (value !== undefined || !text.includes('\\x')) return value;
  return tryParse(text.replace(/\\x([0-9A-Fa-f]{2})/g, '\\u00$1'));
}

/** Undefined when it is no JSON; JSON itself has no undefined. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The only thing JSON.parse throws is that this is no JSON; the caller counts it.
    return undefined;
  }
}
