import type { FamilyName } from '../../metrics/families.ts';
import { type CellPart, type Chunk, type ChunkSink, createSeriesReader, isOfTraffic } from '../replay/chunk.ts';
import type { Engine } from './engine.ts';
import type { Period } from './period.ts';
import type { WrittenSeries } from './remote-write.ts';

/** Facts that are told of the past as of the present: they come from the configuration and the catalogue. */
const FACTS: ReadonlySet<FamilyName> = new Set([
  'llm_cause_info',
  'llm_provider_info',
  'llm_provider_gateway_timeout_seconds',
]);
const SUFFIXES = ['', '_bucket', '_sum', '_count'] as const;

/** Writes the past into an engine as it is replayed. */
export interface Loader extends ChunkSink {
  /** Resolves when all is written. */
  finish(): Promise<{ readonly periods: readonly Period[]; readonly samples: number }>;
}

export interface LoaderOptions {
  readonly engine: Pick<Engine, 'write'>;
  readonly intervalMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Metrics that anything is asked of; the others would only cost time. */
  readonly wanted: ReadonlySet<string>;
}

export function createLoader({ engine, intervalMs, labels, wanted }: LoaderOptions): Loader {
  const isWanted = (name: FamilyName) => SUFFIXES.some((suffix) => wanted.has(name + suffix));
  const read = createSeriesReader((name, family) => isWanted(name) && (isOfTraffic(name, family) || FACTS.has(name)));
  const periods: Period[] = [];
  let isGoingOn = false;
  let samples = 0;
  let running: Promise<void> = Promise.resolve();

  function note({ startMs, rows, next }: Chunk): void {
    const endMs = startMs + (rows.length - 1) * intervalMs;
    const before = isGoingOn ? periods.pop() : undefined;
    periods.push({ startMs: before?.startMs ?? startMs, endMs });
    isGoingOn = next !== undefined;
  }

  return {
    async chunk(chunk) {
      note(chunk);
      const series = [...read(chunk)].flatMap((part) => written(part, chunk.startMs + part.first * intervalMs));
      await running;
      running = engine.write(series);
      // Its failure is for the next chunk, or for `finish`.
      running.catch(() => {});
    },
    async finish() {
      await running;
      return { periods, samples };
    },
  };

  function written({ series, values }: CellPart, startMs: number): WrittenSeries[] {
    return series.flatMap(({ name, labels: own }, index) => {
      const column = values[index];
      if (column === undefined || !wanted.has(name)) return [];
      samples += column.length;
      const timesMs = Float64Array.from({ length: column.length }, (_, at) => startMs + at * intervalMs);
      return [{ labels: { ...labels, ...Object.fromEntries(own), __name__: name }, timesMs, values: column }];
    });
  }
}
