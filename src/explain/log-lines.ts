import { type Detection, detectFormat } from '../input/log/formats/detect.ts';
import { createLineParser } from '../input/log/formats/line-parser.ts';
import { rejectedShape } from '../input/log/rejected-shape.ts';
import type { RecordedContext } from '../input/proxy/recorded-exchange.ts';
import { type Hints, type Item, UNNAMED_PROVIDER } from './item.ts';
import { lines } from './lines.ts';

/** Lines that are looked at to find out how a log is written. */
const LINES_TO_DETECT = 1_000;

/** Reads request log lines with the parser of `serve --file`, each of them; only empty lines are left out. */
export function* readLogLines(log: Buffer, hints: Hints, { clock }: RecordedContext): Generator<Item> {
  const { provider = UNNAMED_PROVIDER, include, lines: given } = hints;
  const reading = given === undefined ? detectLines(log) : { ...given, title: given.format };
  const parse = createLineParser({ format: 'auto', ...reading, provider, include, clock });
  for (const { number, start, end } of lines(log)) {
    if (start === end) continue;
    const place = `line ${number}`;
    const result = parse(log, start, end);
    if (result === 'filtered') yield { place, filtered: true };
    else if (typeof result === 'string') yield { place, unreadable: result, shape: rejectedShape(log, start, end) };
    else {
      const event = { stream: hints.stream, ...result };
      yield { place, event, hasStatus: true, format: reading?.title ?? 'auto' };
    }
  }
}

/** How the lines of a log are written; undefined when no format fits them. */
export function detectLines(log: Buffer): Detection | undefined {
  const sample: Buffer[] = [];
  for (const { start, end } of lines(log)) {
    if (end > start) sample.push(log.subarray(start, end));
    if (sample.length === LINES_TO_DETECT) break;
  }
  return detectFormat(sample);
}
