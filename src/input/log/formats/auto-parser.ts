import type { JsonObject } from '../fields/json-object.ts';
import { placeOf, valueAt } from '../fields/place.ts';
import type { LineParser, LineResult, Piece, Taken } from '../parsed-line.ts';
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

interface Kind {
  readonly format: LogFormat;
  readonly read: KindReader;
}

/**
 * Finds out for each line of one log which of the kinds it is of. Lines of a log are alike, so the kind that last fitted is tried first; a
 * mixed log only costs more. A vague kind is never first, as it would take the lines of others.
 *
 * A line that fits nothing is tried with all kinds, however many such lines came before it: to pass over some of them would lose the
 * first good ones behind a page of console output. Each kind looks along a line once at most, so garbage costs microseconds a line.
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

  /** What a line is that was read without a search; undefined where a search has more to say. */
  function found(result: LineResult | undefined): LineResult | undefined {
    return result === 'missing_code' ? undefined : result;
  }

  function readWith(scanner: KindScanner | undefined, piece: Piece): Taken | undefined {
    const taken = scanner?.read(piece);
    const isFound = taken?.result === undefined || found(taken.result) !== undefined;
    return isFound && taken !== undefined && taken.end > piece.start ? taken : undefined;
  }

  return {
    find(line) {
      const result = latest?.read(line) ?? findAmongAll(line);
      const usual = found(result);
      if (usual !== undefined) return usual;
      const json = line.isJson ? line.json() : undefined;
      if (typeof json === 'string') return json;
      // The other lines of a console that is known as one are no mistake.
      return latest?.format.mixed ? 'filtered' : (result ?? 'no_match');
    },
    scanner: {
      read: (piece) => readWith(latestScanner, piece) ?? readWith(vagueScanner, piece),
      scan: (bytes, start, end) =>
        found(latestScanner?.scan(bytes, start, end)) ?? found(vagueScanner?.scan(bytes, start, end)),
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
