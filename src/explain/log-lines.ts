import { createLineParser } from '../input/log/formats/line-parser.ts';
import type { LineResult } from '../input/log/parsed-line.ts';
import { rejectedShape } from '../input/log/rejected-shape.ts';
import type { RecordedContext } from '../input/proxy/recorded-exchange.ts';
import { type Hints, type Item, UNNAMED_PROVIDER } from './item.ts';
import { createLineTitles } from './line-title.ts';
import { lines } from './lines.ts';

/**
 * Reads request log lines with the parser of `serve --file`, line by line as it does where no format is given; only empty lines are left
 * out. A line that holds several records, as an OTLP export does, gives an item for each.
 */
export function* readLogLines(log: Buffer, hints: Hints, { clock }: RecordedContext): Generator<Item> {
  const { provider = UNNAMED_PROVIDER, include, lines: given } = hints;
  let more: LineResult[] = [];
  const also = (result: LineResult) => more.push(result);
  const parse = createLineParser({ format: 'auto', ...given, provider, include, clock, also });
  const nameLine = createLineTitles();
  for (const { number, start, end } of lines(log)) {
    if (start === end) continue;
    more = [];
    const title = given === undefined ? nameLine(log.subarray(start, end)) : given.format;
    const records = [parse(log, start, end), ...more];
    for (const [index, result] of records.entries()) {
      const place = records.length === 1 ? `line ${number}` : `line ${number}, record ${index + 1}`;
      if (result === 'filtered') yield { place, filtered: true };
      else if (typeof result === 'string') yield { place, unreadable: result, shape: rejectedShape(log, start, end) };
      else {
        const event = { ...result, stream: result.stream ?? hints.stream };
        yield { place, event, hasStatus: true, format: title ?? 'auto' };
      }
    }
  }
}
