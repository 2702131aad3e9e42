import { isSuccess } from '../../classify/classify.ts';
import type { SuccessNumbers } from '../../classify/inference/learn-success.ts';
import type { Traffic } from '../../classify/inference/traffic-observer.ts';
import type { EventBatch } from '../../event/event-batch.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { ExemplarSource } from '../exemplars.ts';
import type { Count, Observe } from '../store.ts';
import type { Lanes } from './lanes.ts';
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
  readonly record: (event: RequestEvent) => void;
}

/** A kind of successes of which nothing has to be found out any more: where they are learned from and counted. */
interface Usual {
  readonly kind: RequestEvent;
  readonly traffic: () => Traffic;
  readonly meter: Meter;
  readonly isStream: boolean;
  /** Waits beyond it are a warning; NaN, which no wait is beyond, where no limit is known. */
  readonly nearTimeoutSeconds: number;
  readonly requests: Count;
  durations: Observe | undefined;
}

/**
 * Successes of a kind that was met before are learned from and counted by the numbers in their columns alone, in the order in which they
 * stand; all others are handed to `record` between them. So everything is as if each event had come by itself.
 */
export function createBatchRecorder({ lanes, record }: BatchRecorderOptions): BatchRecorder {
  const numbers: SuccessNumbers = { durationSeconds: Number.NaN, waitedSeconds: Number.NaN, tokens: Number.NaN };
  const one = new BatchEvent();
  /** By the list of kinds, and by their number in it. */
  let known = new WeakMap<EventBatch['kinds'], (Usual | undefined)[]>();

  function usualsOf(kinds: EventBatch['kinds']): (Usual | undefined)[] {
    // Filled, as V8 keeps an array with big holes as a hash table.
    const usuals = known.get(kinds) ?? new Array<Usual | undefined>(kinds.length).fill(undefined);
    known.set(kinds, usuals);
    return usuals;
  }

  function recordUsual(usual: Usual, batch: EventBatch, index: number): void {
    const { meter, isStream } = usual;
    const timeMs = batch.timeMs[index] ?? 0;
    const durationSeconds = batch.durationSeconds[index] ?? Number.NaN;
    const firstTokenSeconds = batch.firstTokenSeconds[index] ?? Number.NaN;
    const input = batch.inputTokens[index] ?? Number.NaN;
    const output = batch.outputTokens[index] ?? Number.NaN;
    const waitedSeconds = isStream ? firstTokenSeconds : durationSeconds;
    numbers.durationSeconds = durationSeconds;
    numbers.waitedSeconds = waitedSeconds;
    numbers.tokens = input >= 0 ? (output >= 0 ? input + output : input) : output;
    usual.traffic().observeSuccess(timeMs, numbers);
    usual.requests();
    if (durationSeconds >= 0) {
      usual.durations ??= meter.durations('success');
      one.index = index;
      usual.durations(durationSeconds, one);
    }
    if (waitedSeconds > usual.nearTimeoutSeconds) meter.nearTimeout()();
    if (firstTokenSeconds >= 0) meter.tokenTimes('llm_time_to_first_token_seconds')(firstTokenSeconds);
    if (input >= 0) meter.tokens('input')(input);
    if (output >= 0) meter.tokens('output')(output);
  }

  function meet(kind: RequestEvent): Usual | undefined {
    if (!isPlain(kind)) return undefined;
    const { isLasting, traffic, counted, known } = lanes.of(kind);
    if (!isLasting || counted === undefined) return undefined;
    const { meter } = counted;
    const nearTimeoutSeconds = NEAR_TIMEOUT_RATIO * (known.gatewayTimeoutSeconds ?? Number.NaN);
    const requests = meter.requests(kind.code)('none');
    return {
      ...{ kind, traffic, meter, nearTimeoutSeconds, requests },
      isStream: kind.stream === true,
      durations: undefined,
    };
  }

  return {
    record(batch) {
      const { length, kinds, kindOf } = batch;
      const usuals = usualsOf(kinds);
      one.batch = batch;
      for (let index = 0; index < length; index += 1) {
        const number = kindOf[index] ?? 0;
        const kind = kinds[number];
        let usual = usuals[number];
        if (usual === undefined || usual.kind !== kind) {
          usual = kind && meet(kind);
          usuals[number] = usual;
        }
        if (usual === undefined) record(batch.event(index));
        else recordUsual(usual, batch, index);
      }
      one.batch = undefined;
    },
    forget() {
      known = new WeakMap();
    },
  };
}

/** Whether an event is a success that says nothing beyond its columns that would have to be learned or counted. */
function isPlain(kind: RequestEvent): boolean {
  const { final, attempt, rateLimit, requestBytes, outputSeconds, tokens } = kind;
  const isMore = [attempt, rateLimit, requestBytes, outputSeconds, tokens?.cachedInput, tokens?.reasoning];
  return final && isSuccess(kind) && isMore.every((value) => value === undefined);
}

/** The event at `index` as what may become an exemplar, which looks at it once in many times. */
class BatchEvent implements ExemplarSource {
  batch: EventBatch | undefined = undefined;
  index = 0;

  get requestId(): string | undefined {
    return this.batch?.requestId(this.index);
  }

  get timeMs(): number {
    return this.batch?.timeMs[this.index] ?? 0;
  }
}
