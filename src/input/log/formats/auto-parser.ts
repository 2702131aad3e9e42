import type { JsonObject } from '../fields/json-object.ts';
import { placeOf, valueAt } from '../fields/place.ts';
import type { LineParser, LineResult } from '../parsed-line.ts';
import { createFastParser } from '../scan/fast-parser.ts';
import type { KindScanner } from '../scan/kind-scanner.ts';
import type { LogFormat } from './log-format.ts';
import {
  createKindReader,
  createScanner,
  createSignTest,
  type KindOptions,
  type KindReader,
} from './reader/kind-reader.ts';
import { type TextLine, textLine } from './reader/text-line.ts';
import { isJson } from './reference-parser.ts';

/** Longest pause between two lines for which all kinds are tried, while nothing fits. */
const MAX_PAUSE = 64;

interface Kind {
  readonly format: LogFormat;
  readonly read: KindReader;
}

/**
 * Finds out for each line of one log which of the kinds it is of. Lines of a log are alike, so the kind that last fitted is tried first; a
 * mixed log only costs more. A vague kind is never first, as it would take the lines of others.
 *
 * While nothing fits, all kinds are tried for fewer and fewer lines, in the end for each 64th: garbage must not cost as much as all kinds
 * together, for ever. What a first good line after that loses is rejected, and seen as such.
 */
export function createAutoParser(
  formats: readonly LogFormat[],
  options: KindOptions,
  scannerFor: typeof createScanner = createScanner,
): LineParser {
  const finder = (kinds: readonly LogFormat[]) =>
    createFinder(kinds, options, createScannerMaker(kinds, options, scannerFor));
  const json = finder(formats.filter(isJson));
  const text = finder(formats.filter((format) => !isJson(format)));
  const slow: LineParser = (bytes, start, end) => {
    if (start === end) return 'filtered';
    const line = textLine(bytes, start, end);
    return line.isJson ? json.find(line) : text.find(line);
  };
  const scanners = { json: json.scanner, text: text.scanner };
  return createFastParser(slow, () => scanners);
}

interface Finder {
  find(line: TextLine): LineResult;
  /** Reads usual lines of the kind that last fitted, and of a vague one where no other could fit. */
  readonly scanner: KindScanner;
}

/** Finds the kind of lines that are alike in being JSON or being text. */
function createFinder(formats: readonly LogFormat[], options: KindOptions, scannerOf: ScannerMaker): Finder {
  const kinds = formats.map((format): Kind => ({ format, read: createKindReader(format, options, true) }));
  let latest: Kind | undefined;
  let latestScanner: KindScanner | undefined;
  let vagueScanner: KindScanner | undefined;
  let misses = 0;
  let pauseEnds = 0;

  function findAmongAll(line: TextLine): LineResult | undefined {
    for (const kind of kinds) {
      const result = kind === latest ? undefined : kind.read(line);
      if (result === undefined) continue;
      if (kind.format.vague === true) vagueScanner ??= isJson(kind.format) ? scannerOf(kind.format) : undefined;
      else {
        latest = kind;
        latestScanner = scannerOf(kind.format);
      }
      return result;
    }
    return undefined;
  }

  function search(line: TextLine): LineResult | undefined {
    const result = latest?.read(line);
    if (result !== undefined) return result;
    return misses < pauseEnds ? undefined : findAmongAll(line);
  }

  /** What a line is that was read without a search; undefined where a search has more to say. */
  function found(result: LineResult | undefined): LineResult | undefined {
    if (result === undefined || result === 'missing_code') return undefined;
    misses = 0;
    pauseEnds = 0;
    return result;
  }

  /** As a search would, which comes to the vague kind only now and then while nothing fits. */
  const vagueNow = () => (misses < pauseEnds ? undefined : vagueScanner);
  const ahead = {
    end: -1,
    read(bytes: Buffer, start: number, limit: number): LineResult | undefined {
      return readWith(latestScanner, bytes, start, limit) ?? readWith(vagueNow(), bytes, start, limit);
    },
  };
  function readWith(
    scanner: KindScanner | undefined,
    bytes: Buffer,
    start: number,
    limit: number,
  ): LineResult | undefined {
    const result = scanner?.ahead.read(bytes, start, limit);
    if (scanner !== undefined && result !== undefined) ahead.end = scanner.ahead.end;
    return found(result);
  }

  return {
    find(line) {
      const result = search(line);
      const usual = found(result);
      if (usual !== undefined) return usual;
      if (misses >= pauseEnds) pauseEnds = misses + Math.min(misses + 1, MAX_PAUSE);
      misses += 1;
      const json = line.isJson ? line.json() : undefined;
      if (typeof json === 'string') return json;
      // The other lines of a console that is known as one are no mistake.
      return latest?.format.mixed ? 'filtered' : (result ?? 'no_match');
    },
    scanner: {
      ahead,
      scan: (bytes, start, end) =>
        found(latestScanner?.scan(bytes, start, end)) ?? found(vagueNow()?.scan(bytes, start, end)),
      learn(bytes, start, end) {
        latestScanner?.learn(bytes, start, end);
        vagueScanner?.learn(bytes, start, end);
      },
    },
  };
}

type ScannerMaker = (format: LogFormat) => KindScanner | undefined;

/** Makes the scanner of a kind when it is first asked for: a log is of one kind or two, and most of them are never met. */
function createScannerMaker(
  formats: readonly LogFormat[],
  options: KindOptions,
  scannerFor: typeof createScanner,
): ScannerMaker {
  const made = new Map<LogFormat, KindScanner | undefined>();
  const isNoOther = createNoOtherTest(formats.filter(({ vague }) => vague !== true));
  return (format) => {
    if (!made.has(format)) {
      const test = format.vague === true ? isNoOther : createSignTest(format.signs ?? []);
      made.set(format, scannerFor(format, options, test));
    }
    return made.get(format);
  };
}

/** Whether a record lacks a sign of each of the kinds, so that no value in it can make it one of them. */
function createNoOtherTest(formats: readonly LogFormat[]): (record: JsonObject) => boolean {
  const signs = formats.map((format) =>
    (format.signs ?? []).map((sign) => placeOf(typeof sign === 'string' ? sign : sign.at)),
  );
  return (record) => signs.every((places) => places.some((place) => valueAt(record, place) === undefined));
}
