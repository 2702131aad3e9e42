import type { LineParser, LineResult, LookAhead } from '../parsed-line.ts';
import type { KindScanner } from './kind-scanner.ts';

/** The scanners that may read a line before the slow parser is asked. */
export interface Scanners {
  /** For lines that begin with a brace. */
  readonly json: KindScanner | undefined;
  /** For all others. */
  readonly text: KindScanner | undefined;
}

const BRACE = 0x7b;

/** A parser that gives exactly what `slow` gives, sooner. `choose` is asked for each line. */
export function createFastParser(slow: LineParser, choose: () => Scanners): LineParser {
  const scannerOf = (bytes: Buffer, start: number) => (bytes[start] === BRACE ? choose().json : choose().text);

  function parse(bytes: Buffer, start: number, end: number): LineResult {
    const scanner = scannerOf(bytes, start);
    const result = scanner?.scan(bytes, start, end);
    // A copy, as the scanner uses its event again.
    if (result !== undefined) return typeof result === 'object' ? { ...result } : result;
    const read = slow(bytes, start, end);
    scanner?.learn(bytes, start, end);
    return read;
  }

  const ahead: LookAhead = { read: (piece) => scannerOf(piece.bytes, piece.start)?.read(piece) };
  return Object.assign(parse, { ahead });
}
