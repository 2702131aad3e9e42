import { isSuccess } from '../../classify/classify.ts';
import { learnRow, learnRows, learnTokens, type Successes } from '../../classify/inference/learn-row.ts';
import type { Traffic } from '../../classify/inference/traffic-observer.ts';
import type { ModelState, ProviderState } from '../../classify/inference/traffic-state.ts';
import type { EventBatch } from '../../event/event-batch.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import { append, clear, newList, type RowList } from '../../event/rows.ts';
import type { ExemplarSource } from '../exemplars.ts';
import type { Count, ObserveRows } from '../store.ts';
import type { Lane, Lanes } from './lanes.ts';
import { NEAR_TIMEOUT_RATIO } from './measure.ts';
import type { Meter } from './meter.ts';

/** Counts batches of events as `record` counts each of their events. */
export interface BatchRecorder {
  record(batch: EventBatch): void;
  /** After the configuration changed. */
  forget(): void;
}

export interface BatchRecorderOptions {
  readonly lanes: Lanes;
  readonly record: (event: RequestEvent, lane: Lane) => void;
  /** `record` for events of this kind, which all have this lane: what is the same for all of them is found out once. */
  readonly recorderOf: (kind: RequestEvent, lane: Lane) => (event: RequestEvent) => void;
}

/** A kind of events that was met before. */
interface Met {
  readonly kind: RequestEvent;
  /** Where it is not, its model may get a label of its own with any event. */
  readonly isLasting: boolean;
  readonly usual: Usual | undefined;
  /** For those that are not usual. Changes with the first events: in the code for all that come later nothing is left of that. */
  record: (event: RequestEvent) => void;
}

/** A kind of successes of which nothing has to be found out any more: where they are learned from and counted. */
interface Usual {
  readonly traffic: () => Traffic;
  /** What that remembers, asked for anew in each batch. */
  state: ModelState | undefined;
  readonly meter: Meter;
  readonly isStream: boolean;
  /** There is more to count than requests and durations. */
  readonly hasMore: boolean;
  /** Waits beyond it are a warning; NaN, which no wait is beyond, where no limit is known. */
  readonly nearTimeoutSeconds: number;
  readonly requests: Count;
  /** Found when the first of them has a duration, as that is when the series begins. */
  durations: ObserveRows | undefined;
  /** Those of the batch, and how many they are. */
  readonly rows: RowList;
  count: number;
}

/** Usual rows that their provider has not learned from yet, all of one. */
type Run = { -readonly [K in keyof Successes]: Successes[K] } & { provider: ProviderState | undefined };

/**
 * Successes of a kind that was met before are learned from and counted by the numbers in their columns alone; all others are handed to
 * `record` in their turn. Everything is as if each event had come by itself: what a failure is told by what came before it is learned by
 * then, and counts are only looked at when the batch is over. Only which of its events a bucket shows as exemplar may be another, and
 * the last digit of a sum, as durations are added up kind by kind.
 */
export function createBatchRecorder(options: BatchRecorderOptions): BatchRecorder {
  const one = new BatchEvent();
  const sourceOf = (row: number) => {
    one.row = row;
    return one;
  };
  const { metOf, meet, forget } = createMemory(options);
  /** Those that the batch has rows of. */
  const present: Usual[] = [];
  let next = new Int32Array(0);
  let columns = newColumns(0);

  function makeRoom({ length }: EventBatch): void {
    if (next.length >= length) return;
    next = new Int32Array(length);
    columns = newColumns(length);
  }

  /** Learns from a row, and puts it to those of its kind that are counted together. */
  function take(usual: Usual, run: Run, row: number): void {
    const { batch } = run;
    if (usual.count === 0) {
      present.push(usual);
      usual.state = usual.traffic().state;
    }
    usual.count += 1;
    append(usual.rows, next, row);
    run.waitedSeconds[row] = (usual.isStream ? batch.firstTokenSeconds[row] : batch.durationSeconds[row]) ?? Number.NaN;
    if (usual.state !== undefined) learnRow(usual.state, run, row);
    if (usual.durations === undefined || usual.hasMore) countMore(usual, run, row);
  }

  function count(usual: Usual, batch: EventBatch): void {
    usual.requests(usual.count);
    usual.durations?.({ values: batch.durationSeconds, first: usual.rows.first, next }, sourceOf);
    usual.count = 0;
    clear(usual.rows);
  }

  return {
    record(batch) {
      const { length, kinds, kindOf } = batch;
      const met = metOf(kinds);
      one.batch = batch;
      makeRoom(batch);
      const run: Run = { batch, first: 0, end: 0, ...columns, provider: undefined };
      let row = 0;
      try {
        for (; row < length; row += 1) {
          const number = kindOf[row] ?? 0;
          const kind = kinds[number] ?? batch.event(row);
          let entry = met[number];
          if (entry === undefined || entry.kind !== kind) {
            entry = meet(kind);
            met[number] = entry.isLasting ? entry : undefined;
          }
          const { usual } = entry;
          if (usual === undefined) {
            endRun(run, row);
            run.first = row + 1;
            entry.record(batch.event(row));
            continue;
          }
          take(usual, run, row);
          if (usual.state?.provider === run.provider) continue;
          endRun(run, row);
          run.provider = usual.state?.provider;
        }
      } finally {
        // Whoever is told of a failure may throw: rows that wait to be counted would be looked for in the next batch, where they are others.
        endRun(run, row);
        for (const usual of present) count(usual, batch);
        present.length = 0;
        one.batch = undefined;
      }
    },
    forget,
  };
}

/** What was found out of the kinds that were met. */
function createMemory({ lanes, record, recorderOf }: BatchRecorderOptions) {
  /** By the list of kinds, and by their number in it. */
  let known = new WeakMap<EventBatch['kinds'], (Met | undefined)[]>();
  return {
    metOf(kinds: EventBatch['kinds']): (Met | undefined)[] {
      // Filled, as V8 keeps an array with big holes as a hash table.
      const met = known.get(kinds) ?? new Array<Met | undefined>(kinds.length).fill(undefined);
      known.set(kinds, met);
      return met;
    },
    meet(kind: RequestEvent): Met {
      const lane = lanes.of(kind);
      // Asked for with each of its events: no more is made for it than it takes.
      if (!lane.isLasting) return { kind, isLasting: false, usual: undefined, record: (event) => record(event, lane) };
      const met: Met = {
        ...{ kind, isLasting: true, usual: usualOf(kind, lane) },
        record(event) {
          // What asks for a path of its own each time never comes again: the second one is worth finding out what is the same for all.
          met.record = (second) => {
            met.record = recorderOf(kind, lane);
            met.record(second);
          };
          record(event, lane);
        },
      };
      return met;
    },
    forget() {
      known = new WeakMap();
    },
  };
}

function newColumns(length: number): Pick<Successes, 'waitedSeconds' | 'startMs' | 'slots'> {
  const column = () => new Float64Array(length);
  return { waitedSeconds: column(), startMs: column(), slots: new Int32Array(length) };
}

/** Has the provider learn from the rows before one. */
function endRun(run: Run, end: number): void {
  const { first, provider } = run;
  if (first === end || provider === undefined) return;
  run.end = end;
  learnRows(provider, run);
  run.first = end;
}

/** Undefined for events that take more than their numbers to be recorded. */
function usualOf(kind: RequestEvent, { traffic, counted, known }: Lane): Usual | undefined {
  if (!isPlain(kind) || counted === undefined) return undefined;
  const { meter } = counted;
  return {
    ...{ traffic, meter, isStream: kind.stream === true, state: undefined },
    hasMore:
      kind.tokens !== undefined || kind.firstTokenSeconds !== undefined || known.gatewayTimeoutSeconds !== undefined,
    nearTimeoutSeconds: NEAR_TIMEOUT_RATIO * (known.gatewayTimeoutSeconds ?? Number.NaN),
    requests: meter.requests(kind.code)('none'),
    ...{ durations: undefined, rows: newList(), count: 0 },
  };
}

/** What is learned and counted at once, as a series begins with its first event and not when the batch is over. */
function countMore(usual: Usual, run: Run, row: number): void {
  const { batch } = run;
  const { meter, isStream, nearTimeoutSeconds } = usual;
  const duration = batch.durationSeconds[row] ?? Number.NaN;
  const firstToken = batch.firstTokenSeconds[row] ?? Number.NaN;
  const [input, output] = [batch.inputTokens[row] ?? Number.NaN, batch.outputTokens[row] ?? Number.NaN];
  if (duration >= 0) usual.durations ??= meter.durationsOfRows('success');
  if ((isStream ? firstToken : duration) > nearTimeoutSeconds) meter.nearTimeout()();
  if (firstToken >= 0) meter.tokenTimes('llm_time_to_first_token_seconds')(firstToken);
  if (usual.state !== undefined) learnTokens(usual.state, run, row);
  if (input >= 0) meter.tokens('input')(input);
  if (output >= 0) meter.tokens('output')(output);
}

/** Whether an event is a success that says nothing beyond its columns that would have to be learned or counted. */
function isPlain(kind: RequestEvent): boolean {
  const { final, attempt, lastTry, rateLimit, requestBytes, outputSeconds, tokens } = kind;
  const isMore = [attempt, lastTry, rateLimit, requestBytes, outputSeconds, tokens?.cachedInput, tokens?.reasoning];
  return final && isSuccess(kind) && isMore.every((value) => value === undefined);
}

/** The event of a row as what may become an exemplar, which looks at it once in many times. */
class BatchEvent implements ExemplarSource {
  batch: EventBatch | undefined = undefined;
  row = 0;

  get requestId(): string | undefined {
    return this.batch?.requestId(this.row);
  }

  get timeMs(): number {
    return this.batch?.timeMs[this.row] ?? 0;
  }
}
