import { createLineParser } from '../input/log/formats/line-parser.ts';
import type { RecordedContext } from '../input/proxy/recorded-exchange.ts';
import { type Hints, type Item, UNNAMED_PROVIDER } from './item.ts';
import { lines } from './lines.ts';

/** Reads request log lines with the parser of `serve --file`; lines about anything else are left out. */
export function* readLogLines(log: Buffer, hints: Hints, { clock }: RecordedContext): Generator<Item> {
  const { provider = UNNAMED_PROVIDER, include } = hints;
  const parse = createLineParser({ format: 'auto', provider, include, clock });
  for (const { number, start, end } of lines(log)) {
    const result = parse(log, start, end);
    const place = `line ${number}`;
    if (result === 'filtered') continue;
    yield typeof result === 'string'
      ? { place, unreadable: result }
      : { place, event: { stream: hints.stream, ...result }, hasStatus: true };
  }
}
