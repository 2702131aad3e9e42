import type { Catalogue } from '../../classify/catalogue.ts';
import type { Clock } from '../../clock.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { Cut } from '../../metrics/cut.ts';
import { createRecorder, type RecorderSettings } from '../../metrics/record/recorder.ts';
import { createStore } from '../../metrics/store.ts';
import type { ChunkSink } from './chunk.ts';

/** Prometheus' blocks: chunks end where they end (TSDB format, 2 h counted from the epoch). */
export const BLOCK_MS = 2 * 3_600_000;

/** Longer without a line in any log, and the logs are taken for logs of different times. */
const MAX_SILENCE_MS = 7 * 86_400_000;

/** Numbers that the rows of a chunk may hold, some 130 MB; with more series a chunk ends sooner. */
const MAX_CHUNK_NUMBERS = 16_000_000;

export interface ReplayOptions {
  readonly catalogue: Catalogue;
  readonly settings: RecorderSettings;
  readonly seriesLimit?: number | undefined;
  readonly intervalMs: number;
  readonly sink: ChunkSink;
}

/** What was replayed. */
export interface Replayed {
  readonly events: number;
  /** Of the first and the last sample; undefined where there was no event. */
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
}

/**
 * Counts events of the past with the recorder of the live exporter, whose clock shows the time of the events, and takes what a scrape would
 * have shown at each step: `intervalMs`, counted from the epoch, so that other rules and other logs fall on the same moments.
 */
export async function replay(
  batches: AsyncIterable<readonly RequestEvent[]>,
  options: ReplayOptions,
): Promise<Replayed> {
  const { catalogue, settings, seriesLimit, intervalMs, sink } = options;
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, elapsedMs: () => nowMs, after: () => () => {} };
  const store = createStore({ clock, limits: { series: seriesLimit } });
  const recorder = createRecorder({ store, catalogue, clock, settings });
  const lines = recorder.source('history');
  const rows = createRows({ intervalMs, sink, cut: store.cut });
  let events = 0;
  let startMs: number | undefined;
  for await (const batch of batches) {
    for (const event of batch) {
      const stepMs = Math.ceil(event.timeMs / intervalMs) * intervalMs;
      if (stepMs !== rows.stepMs) {
        await rows.goTo(stepMs);
        startMs ??= stepMs - intervalMs;
      }
      nowMs = event.timeMs;
      lines.event(event);
      events += 1;
    }
  }
  await rows.end();
  return { events, startMs, endMs: rows.stepMs };
}

interface Rows {
  /** The step whose events are being counted; undefined before the first. */
  readonly stepMs: number | undefined;
  /** Takes the rows of all steps before this one. */
  goTo(stepMs: number): Promise<void>;
  end(): Promise<void>;
}

function createRows({
  intervalMs,
  sink,
  cut,
}: Pick<ReplayOptions, 'intervalMs' | 'sink'> & { readonly cut: () => Cut }): Rows {
  let stepMs: number | undefined;
  let rows: Cut[] = [];
  let startMs = 0;
  let numbers = 0;

  async function flush(next: Cut | undefined): Promise<void> {
    if (rows.length > 0) await sink.chunk({ startMs, rows, next });
    rows = [];
    numbers = 0;
  }

  /** `isNew`: it is not the object of the row before. */
  async function add(atMs: number, row: Cut, isNew: boolean): Promise<void> {
    if (rows.length > 0 && (atMs % BLOCK_MS < intervalMs || numbers > MAX_CHUNK_NUMBERS)) await flush(row);
    if (rows.length === 0) startMs = atMs;
    if (isNew) numbers += row.families.reduce((sum, { values }) => sum + values.length, 0);
    rows.push(row);
  }

  return {
    get stepMs() {
      return stepMs;
    },
    async goTo(nextMs) {
      const row = cut();
      if (stepMs === undefined) await add(nextMs - intervalMs, row, true);
      else if (nextMs - stepMs <= MAX_SILENCE_MS) {
        for (let atMs = stepMs; atMs < nextMs; atMs += intervalMs) await add(atMs, row, atMs === stepMs);
      } else {
        await add(stepMs, row, true);
        await flush(undefined);
        await add(nextMs - intervalMs, row, true);
      }
      stepMs = nextMs;
    },
    async end() {
      if (stepMs === undefined) return;
      await add(stepMs, cut(), true);
      await flush(undefined);
    },
  };
}
