import type { Clock } from '../../../clock.ts';
import type { EventBatch } from '../../../event/event-batch.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { SourceSink, SourceStatus } from '../../../event/sink.ts';
import type { Store } from '../../store.ts';
import { createEventTimes } from './event-times.ts';
import { createRejectedShapes, type RejectedShape } from './rejected-shapes.ts';
import { createFitWatch, type SourceFit } from './source-fit.ts';
import { clearSourceGauges, setSourceGauges, sourceCounters } from './source-series.ts';

/** Senders that hand over one line at a time must not pay for a whole chunk with each: so many lines make a chunk. */
const MIN_CHUNK_LINES = 20;

/** What people are told of one source beside its metrics. */
export interface SourceReport {
  readonly source: string;
  readonly fit: SourceFit;
  readonly shapes: readonly RejectedShape[];
}

export interface SourceRecorder {
  open(name: string): SourceSink;
  /** Of the sources that are read now, in the order in which they began. */
  reports(): readonly SourceReport[];
}

export interface SourceRecorderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly record: (event: RequestEvent) => void;
  readonly recordBatch: (batch: EventBatch) => void;
  /** Told when the lines of a source stop fitting what is configured for it, and when they fit again. */
  readonly onFit?: ((source: string, fit: SourceFit) => void) | undefined;
}

/** A source that is read now. */
interface Source {
  readonly sink: SourceSink;
  /** Sets what is derived. */
  collect(): void;
  report(): SourceReport;
}

/** Counts what sources of lines report about themselves, and hands their events to `record`. */
export function createSourceRecorder(options: SourceRecorderOptions): SourceRecorder {
  const sources = new Map<string, Source>();
  options.store.beforeCollect(() => {
    for (const source of sources.values()) source.collect();
  });
  return {
    open(name) {
      const source = createSource(name, options, () => {
        // A source that is replaced in a reload may close after its successor has opened: the gauges are the successor's.
        if (sources.get(name) !== source) return;
        sources.delete(name);
        clearSourceGauges(options.store, name);
      });
      sources.set(name, source);
      return source.sink;
    },
    reports: () => Array.from(sources.values(), (source) => source.report()),
  };
}

/**
 * The sink of one source. A line costs it two additions and, where it is an event, a comparison; all that is worked out from them waits
 * for the end of a chunk.
 */
function createSource(source: string, options: SourceRecorderOptions, onClose: () => void): Source {
  const { store, clock, record, recordBatch, onFit = () => {} } = options;
  const counters = sourceCounters(store, source);
  const shapes = createRejectedShapes(clock);
  const watch = createFitWatch(clock, (fit) => onFit(source, fit));
  const times = createEventTimes(clock);
  let status: SourceStatus | undefined;
  // Of the chunk that is being read.
  let events = 0;
  let filtered = 0;
  let rejected = 0;

  function endChunk(): void {
    if (events + filtered + rejected === 0) return;
    watch.add({ events, filtered, rejected });
    times.endChunk();
    shapes.refill();
    events = filtered = rejected = 0;
  }

  const sink: SourceSink = {
    read(bytes, lines) {
      counters.bytes(bytes);
      counters.lines(lines);
      if (events + filtered + rejected >= MIN_CHUNK_LINES) endChunk();
    },
    event(event) {
      events += 1;
      counters.events();
      times.note(event.timeMs);
      record(event);
    },
    batch(batch) {
      const { length, timeMs } = batch;
      events += length;
      counters.events(length);
      times.noteAll(timeMs, length);
      recordBatch(batch);
    },
    filtered() {
      filtered += 1;
      counters.filtered();
    },
    reject(reason, shape) {
      rejected += 1;
      counters.rejected[reason]();
      if (shape !== undefined) shapes.note(reason, shape);
    },
    rotated: (kind) => counters.rotated[kind](),
    lost: (messages) => store.add('llm_exporter_source_lost_total', { source }, messages),
    status(next) {
      status = next;
      if (next.lagBytes > 0) return;
      endChunk();
      times.caughtUp();
    },
    close: onClose,
  };
  return {
    sink,
    collect() {
      endChunk();
      setSourceGauges(store, source, { ...times, status, nowMs: clock.nowMs() });
    },
    report: () => ({ source, fit: watch.fit, shapes: shapes.list() }),
  };
}
