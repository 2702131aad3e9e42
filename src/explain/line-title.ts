import { FORMATS } from '../input/log/formats/formats.ts';
import type { LogFormat } from '../input/log/formats/log-format.ts';
import { createKindReader } from '../input/log/formats/reader/kind-reader.ts';
import { textLine } from '../input/log/formats/reader/text-line.ts';
import { isJson } from '../input/log/formats/reference-parser.ts';
import { createUnwrapper } from '../input/log/formats/wrapper.ts';

/** `auto` reads any JSON that it knows no better in one way; two of the kinds in it have a name. */
const NAMED_JSON = [...FORMATS['nginx-json'], ...FORMATS.structlog];
const [VAGUE, CLEAR] = [FORMATS.auto.filter(isVague), FORMATS.auto.filter((format) => !isVague(format))];

function isVague({ vague }: LogFormat): boolean {
  return vague === true;
}

/**
 * Names the kind of each line of one log, for people: `nginx combined`. Undefined where none makes a request of it. It holds what was begun,
 * as the parser does, so it must see every line.
 */
export function createLineTitles(): (line: Buffer) => string | undefined {
  const clock = { nowMs: () => 0 };
  const options = { provider: '', include: 'all', clock } as const;
  const readers = [...CLEAR, ...NAMED_JSON, ...VAGUE].map((format) => ({
    title: format.title,
    isJson: isJson(format),
    read: createKindReader(format, options, true),
  }));
  let title: string | undefined;
  const name = createUnwrapper({
    wrapper: 'auto',
    maxLineBytes: Number.POSITIVE_INFINITY,
    clock,
    inside: () => (bytes, start, end) => {
      const line = textLine(bytes, start, end);
      title = readers.find(({ isJson, read }) => isJson === line.isJson && typeof read(line) === 'object')?.title;
      return 'filtered';
    },
  });
  return (line) => {
    title = undefined;
    name(line, 0, line.length);
    return title;
  };
}
