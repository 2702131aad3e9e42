import { LINE_FORMATS, type LineFormat, type LineWrapper } from '../../../config/schema-lines.ts';
import type { LineParser, LineResult } from '../parsed-line.ts';
import { FORMATS } from './formats.ts';
import type { LogFormat } from './log-format.ts';
import { createKindReader } from './reader/kind-reader.ts';
import { textLine } from './reader/text-line.ts';
import { isJson } from './reference-parser.ts';
import { createUnwrapper, wrapperOf } from './wrapper.ts';

/** One format that could be the one of a log, and how well its lines fit. */
export interface Detection {
  readonly format: LineFormat;
  readonly wrapper: Exclude<LineWrapper, 'auto'>;
  /** For people: `combined (nginx, Apache)`. */
  readonly title: string;
  /**
   * Share of the lines that this format makes a request of, whatever their path. Of a console, which says other things as well, only the
   * lines count that some format can read.
   */
  readonly confidence: number;
  /** Lines that became requests. */
  readonly events: number;
  /** Lines that were looked at, empty ones left out. */
  readonly lines: number;
}

/** `auto` is no answer, and `nginx` needs a log_format that lines do not tell. */
const CANDIDATES = LINE_FORMATS.filter((format) => format !== 'auto' && format !== 'nginx');
/** These fit many lines of which another format knows more; they win where they fit clearly more lines. */
const VAGUE: readonly LineFormat[] = ['combined', 'json', 'structlog'];
const VAGUE_WEIGHT = 0.9;

/** The format that fits the lines of a log best; undefined when none makes a request of any. Pieces that a runtime cut are joined. */
export function detectFormat(lines: readonly Buffer[]): Detection | undefined {
  return detectFormats(lines)[0];
}

/** All formats that fit some of the lines, best first. */
export function detectFormats(lines: readonly Buffer[]): readonly Detection[] {
  const sample = lines.filter((line) => line.length > 0);
  const wrapper = mostFrequent(sample.map(wrapperOf)) ?? 'none';
  const trials = CANDIDATES.map((format) => tryFormat(format, wrapper, sample));
  const readable = new Set(trials.flatMap(({ read }) => [...read]));
  return trials
    .filter(({ read }) => read.size > 0)
    .map(({ format, read }) => {
      const isMixed = FORMATS[format].some(({ mixed }) => mixed === true);
      const confidence = read.size / (isMixed ? readable.size : sample.length);
      const title = FORMATS[format][0]?.title ?? format;
      return { format, wrapper, title, confidence, events: read.size, lines: sample.length };
    })
    .sort((a, b) => weightOf(b) - weightOf(a));
}

/** Formats that fit equally well stay in the order of the configuration's list: the vague ones are weighed less. */
function weightOf({ format, events }: Detection): number {
  return events * (VAGUE.includes(format) ? VAGUE_WEIGHT : 1);
}

interface Trial {
  readonly format: LineFormat;
  /** The lines that became requests, by their place in the sample. */
  readonly read: ReadonlySet<number>;
}

function tryFormat(format: LineFormat, wrapper: LineWrapper, sample: readonly Buffer[]): Trial {
  const clock = { nowMs: () => 0 };
  const read = new Set<number>();
  let current = 0;
  const note = (result: LineResult) => {
    if (typeof result === 'object') read.add(current);
  };
  const parse = createUnwrapper({
    wrapper,
    clock,
    maxLineBytes: Number.POSITIVE_INFINITY,
    inside: () => parserBySigns(FORMATS[format], note),
  });
  for (const [index, line] of sample.entries()) {
    current = index;
    note(parse(line, 0, line.length));
  }
  return { format, read };
}

/** Unlike a parser that was told what it reads, this one takes no JSON line that does not bear the signs of a kind. */
function parserBySigns(kinds: readonly LogFormat[], also: (result: LineResult) => void): LineParser {
  const options = { provider: 'unknown', include: 'all', clock: { nowMs: () => 0 }, also } as const;
  const readers = kinds.map((kind) => ({ isJson: isJson(kind), read: createKindReader(kind, options, true) }));
  return (bytes, start, end) => {
    const line = textLine(bytes, start, end);
    for (const { isJson, read } of readers) {
      const result = isJson === line.isJson ? read(line) : undefined;
      if (result !== undefined) return result;
    }
    return 'no_match';
  };
}

function mostFrequent<T>(values: readonly T[]): T | undefined {
  return [...Map.groupBy(values, (value) => value)].sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
}
