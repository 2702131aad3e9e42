import type { RequestEvent } from '../../event/request-event.ts';

/** What log lines may tell of a request beside its status. */
interface ToldField {
  readonly name: string;
  readonly isTold: (event: RequestEvent, unknownTimeMs: number) => boolean;
  /** Only these events could tell it; by default all. */
  readonly of?: (event: RequestEvent) => boolean;
  /** What is lost without it, and what to do; absent where it is no loss. */
  readonly advice?: string;
}

const LOG_FORMAT_ADVICE = 'nginx: include deploy/nginx/llm-log.conf, whose log has it';

const TOLD_FIELDS: readonly ToldField[] = [
  {
    name: 'time',
    isTold: ({ timeMs }, unknownTimeMs) => timeMs !== unknownTimeMs,
    advice: 'lines count at the time at which they are read. Log it, or name its place in fields.time',
  },
  {
    name: 'model',
    isTold: ({ model }) => model !== undefined,
    advice: `every request counts as model="unknown". ${LOG_FORMAT_ADVICE}; others: log it, or name its place in fields.model`,
  },
  {
    name: 'stream',
    isTold: ({ stream }) => stream !== undefined,
    advice: `streams and whole answers cannot be told apart, and so neither can why they took long. ${LOG_FORMAT_ADVICE}`,
  },
  {
    name: 'duration',
    isTold: ({ durationSeconds }) => durationSeconds !== undefined,
    advice:
      'no latency, and a 504 cannot be told from a timeout. nginx: $request_time; others: log it, or name its place in fields.duration',
  },
  {
    name: 'request_id',
    isTold: ({ requestId }) => requestId !== undefined,
    advice: 'a failure on the status page cannot be looked up in the log. nginx: $request_id',
  },
  { name: 'tokens', isTold: ({ tokens }) => tokens !== undefined },
  { name: 'first_token', isTold: ({ firstTokenSeconds }) => firstTokenSeconds !== undefined },
  {
    name: 'who answered',
    of: ({ code }) => code >= 500,
    isTold: ({ origin, phase, flags, upstreamCode }) =>
      origin !== undefined || phase !== undefined || flags !== undefined || upstreamCode !== undefined,
    advice:
      'an error of the gateway and one of the API look alike. nginx: $upstream_status, $upstream_connect_time and $upstream_header_time',
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
  readonly advice: string | undefined;
}

/** Counts what requests tell; what no request could have told is left out. `unknownTimeMs` is the time of lines that gave none. */
export function reportFields(events: readonly RequestEvent[], unknownTimeMs: number): readonly FieldReport[] {
  return TOLD_FIELDS.flatMap(({ name, isTold, of = () => true, advice }) => {
    const able = events.filter(of);
    const told = able.filter((event) => isTold(event, unknownTimeMs)).length;
    return able.length === 0 ? [] : [{ field: name, told, of: able.length, advice: told === 0 ? advice : undefined }];
  });
}
