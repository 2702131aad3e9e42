import type { LineFormat } from '../../config/schema-lines.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import { type AdvisedField, howToLog } from './how-to-log.ts';

/** What log lines may tell of a request beside its status. */
interface ToldField {
  readonly name: string;
  readonly isTold: (event: RequestEvent, unknownTimeMs: number) => boolean;
  /** Only these events could tell it; by default all. */
  readonly of?: (event: RequestEvent) => boolean;
  /** What is lost without it; absent where it is no loss. */
  readonly loss?: { readonly of: AdvisedField; readonly says: string };
}

const TOLD_FIELDS: readonly ToldField[] = [
  {
    name: 'time',
    isTold: ({ timeMs }, unknownTimeMs) => timeMs !== unknownTimeMs,
    loss: { of: 'time', says: 'lines count at the time at which they are read' },
  },
  {
    name: 'model',
    isTold: ({ model }) => model !== undefined,
    loss: { of: 'model', says: 'every request counts as model="unknown"' },
  },
  {
    name: 'stream',
    isTold: ({ stream }) => stream !== undefined,
    loss: {
      of: 'stream',
      says: 'streams and whole answers cannot be told apart, and so neither can why they took long',
    },
  },
  {
    name: 'duration',
    isTold: ({ durationSeconds }) => durationSeconds !== undefined,
    loss: { of: 'duration', says: 'no latency, and a 504 cannot be told from a timeout' },
  },
  {
    name: 'request_id',
    isTold: ({ requestId }) => requestId !== undefined,
    loss: { of: 'request_id', says: 'a failure on the status page cannot be looked up in the log' },
  },
  { name: 'tokens', isTold: ({ tokens }) => tokens !== undefined },
  { name: 'first_token', isTold: ({ firstTokenSeconds }) => firstTokenSeconds !== undefined },
  {
    name: 'who answered',
    of: ({ code }) => code >= 500,
    isTold: ({ origin, phase, flags, upstreamCode }) =>
      origin !== undefined || phase !== undefined || flags !== undefined || upstreamCode !== undefined,
    loss: { of: 'answered_by', says: 'an error of the gateway and one of the API look alike' },
  },
  {
    name: 'error',
    of: ({ code }) => code >= 400,
    isTold: ({ error }) => error !== undefined,
  },
];

/** In how many of the requests that could tell something it was told. */
export interface FieldReport {
  readonly field: string;
  readonly told: number;
  readonly of: number;
  /** What is lost where it is never told, and what to do. */
  readonly advice: string | undefined;
}

/** Counts what requests tell; what no request could have told is left out. `unknownTimeMs` is the time of lines that gave none. */
export function reportFields(
  events: readonly RequestEvent[],
  { unknownTimeMs, format }: { readonly unknownTimeMs: number; readonly format: LineFormat },
): readonly FieldReport[] {
  return TOLD_FIELDS.flatMap(({ name, isTold, of = () => true, loss }) => {
    const able = events.filter(of);
    const told = able.filter((event) => isTold(event, unknownTimeMs)).length;
    const advice = told > 0 || loss === undefined ? undefined : `${loss.says}. ${howToLog(loss.of, format)}`;
    return able.length === 0 ? [] : [{ field: name, told, of: able.length, advice }];
  });
}
