import { type JsonObject, readJsonObject } from '../../fields/json-object.ts';

/** One line, decoded as far as somebody asks for it and no more than once, however many formats look at it. */
export interface TextLine {
  readonly isJson: boolean;
  /** Without terminal colours, byte order mark and NULs around it. Bad UTF-8 does not lose the request: it becomes U+FFFD. */
  text(): string;
  json(): JsonObject | 'invalid_json' | 'not_an_object';
}

const BRACE = 0x7b;
const SPACE = 0x20;
/** Consoles that were told to write colours, or take a pipe for a terminal: the SGR sequences of ECMA-48. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these characters that are looked for
const COLOURS = /\x1b\[[\d;]*m/g;

export function textLine(bytes: Buffer, start: number, end: number): TextLine {
  let text: string | undefined;
  let json: JsonObject | 'invalid_json' | 'not_an_object' | undefined;
  return {
    isJson: firstCharacter(bytes, start, end) === BRACE,
    text() {
      text ??= clean(bytes.toString('utf8', start, end));
      return text;
    },
    json() {
      json ??= readJsonObject(bytes, start, end);
      return json;
    },
  };
}

/** The first byte that is no padding: a log cut by copytruncate begins with NULs, some writers begin a file with a byte order mark. */
function firstCharacter(bytes: Buffer, start: number, end: number): number | undefined {
  let at = start;
  while (at < end && (bytes[at] ?? 0) <= SPACE) at += 1;
  if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
  return at < end ? bytes[at] : undefined;
}

function clean(text: string): string {
  const visible = text.includes('\x1b') ? text.replace(COLOURS, '') : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the NULs of a hole in the file
  return visible.replace(/^[\s\x00\ufeff]+|[\s\x00]+$/g, '');
}
