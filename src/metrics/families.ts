/** One metric family: everything that exposition, rules, dashboards and docs need to know of it. */
export interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, ascending, without +Inf. */
  readonly buckets?: readonly number[];
}

/** Reach past every gateway timeout seen (60 to 600 s), so that a quantile is never clamped where it matters. */
const DURATION_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600] as const;
const FIRST_TOKEN_BUCKETS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 30, 60, 120] as const;
/** OpenTelemetry's advice for `gen_ai.server.time_per_output_token`. */
const PER_TOKEN_BUCKETS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5] as const;
const QUEUE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60] as const;
const SCRAPE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;

/**
 * THE table of what the exporter exposes beside prom-client's `process_*` and `nodejs_*`. Names and labels are frozen
 * (v1): a new family is a feature, a new label is a breaking change. Causes never go on histograms: each would
 * multiply every bucket.
 */
export const families = {
  llm_requests_total: {
    type: 'counter',
    help: 'Requests to LLM APIs by their final answer, one per request. code is the HTTP status the client saw, cause is why.',
    labels: ['provider', 'model', 'code', 'cause', 'stream'],
  },
  llm_attempts_total: {
    type: 'counter',
    help: 'Tries against an upstream, including those that were retried (proxy only).',
    labels: ['provider', 'model', 'code', 'cause'],
  },
  llm_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the first byte of the request to the last byte of the answer.',
    labels: ['provider', 'model', 'stream', 'outcome'],
    buckets: DURATION_BUCKETS,
  },
  llm_time_to_first_token_seconds: {
    type: 'histogram',
    help: 'Time from the first byte of the request to the first token of a streamed answer.',
    labels: ['provider', 'model'],
    buckets: FIRST_TOKEN_BUCKETS,
  },
  llm_time_per_output_token_seconds: {
    type: 'histogram',
    help: 'Mean time between output tokens of one streamed answer, after the first.',
    labels: ['provider', 'model'],
    buckets: PER_TOKEN_BUCKETS,
  },
  llm_tokens_total: {
    type: 'counter',
    help: 'Tokens as the API reported them in its usage.',
    labels: ['provider', 'model', 'token_type'],
  },
  llm_requests_in_flight: {
    type: 'gauge',
    help: 'Requests now passing through the proxy.',
    labels: ['provider', 'model'],
  },
  llm_requests_near_timeout_total: {
    type: 'counter',
    help: 'Requests that succeeded but took over 80 % of the gateway timeout: the next longer one is a 504.',
    labels: ['provider', 'model', 'stream'],
  },
  llm_retries_total: {
    type: 'counter',
    help: 'Failed tries of requests that may be retried, by cause and by what was decided.',
    labels: ['provider', 'model', 'cause', 'decision'],
  },
  llm_queue_depth: {
    type: 'gauge',
    help: 'Requests that now wait for their turn.',
    labels: ['provider', 'priority'],
  },
  llm_queue_wait_seconds: {
    type: 'histogram',
    help: 'Time that requests waited for their turn before they were sent.',
    labels: ['provider', 'priority'],
    buckets: QUEUE_BUCKETS,
  },
  llm_queue_rejected_total: {
    type: 'counter',
    help: 'Requests sent away because the queue was full or their wait too long.',
    labels: ['provider', 'priority'],
  },
  llm_rate_limit_limit: {
    type: 'gauge',
    help: 'Requests or tokens that a rate limit allows in its window, as the last answer told; of several the one nearest its end.',
    labels: ['provider', 'model', 'resource'],
  },
  llm_rate_limit_remaining: {
    type: 'gauge',
    help: 'What is left of llm_rate_limit_limit, as the last answer told; an overdraft is 0. Vanishes when it is out of date.',
    labels: ['provider', 'model', 'resource'],
  },
  llm_rate_limit_reset_timestamp_seconds: {
    type: 'gauge',
    help: 'When the rate limit is whole again, as the last answer told.',
    labels: ['provider', 'model', 'resource'],
  },
  llm_classifications_total: {
    type: 'counter',
    help: 'Failed requests by the evidence that decided their cause; timing and status are inferred.',
    labels: ['provider', 'basis'],
  },
  llm_cause_info: {
    type: 'gauge',
    help: 'Constant 1: the catalogue of causes, to join on cause.',
    labels: ['cause', 'origin', 'owner', 'retryable'],
  },
  llm_provider_info: {
    type: 'gauge',
    help: 'Constant 1: configured providers and the host behind each.',
    labels: ['provider', 'host'],
  },
  llm_provider_gateway_timeout_seconds: {
    type: 'gauge',
    help: 'Time after which the gateway of a provider gives up on a non-streaming answer.',
    labels: ['provider'],
  },
  llm_exporter_build_info: {
    type: 'gauge',
    help: 'Constant 1: version, revision and Node.js version of this exporter.',
    labels: ['version', 'revision', 'node_version'],
  },
  llm_exporter_config_last_reload_successful: {
    type: 'gauge',
    help: 'Whether the last reload of the configuration succeeded (1) or was refused (0).',
    labels: [],
  },
  llm_exporter_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'Time of the last successful load of the configuration.',
    labels: [],
  },
  llm_exporter_source_lines_total: {
    type: 'counter',
    help: 'Lines read from a source: events + filtered + rejected.',
    labels: ['source'],
  },
  llm_exporter_source_events_total: {
    type: 'counter',
    help: 'Lines that became a counted request.',
    labels: ['source'],
  },
  llm_exporter_source_filtered_total: {
    type: 'counter',
    help: 'Well-formed lines that are no LLM request, by their path.',
    labels: ['source'],
  },
  llm_exporter_source_rejected_total: {
    type: 'counter',
    help: 'Lines that could not be understood, by reason.',
    labels: ['source', 'reason'],
  },
  llm_exporter_source_bytes_total: {
    type: 'counter',
    help: 'Bytes read from a source.',
    labels: ['source'],
  },
  llm_exporter_source_up: {
    type: 'gauge',
    help: 'Whether a source can be read now (1) or not (0).',
    labels: ['source'],
  },
  llm_exporter_source_lag_bytes: {
    type: 'gauge',
    help: 'Bytes written to a source and not read yet.',
    labels: ['source'],
  },
  llm_exporter_source_lag_seconds: {
    type: 'gauge',
    help: 'Age of the newest event read while there is more to read; 0 when caught up.',
    labels: ['source'],
  },
  llm_exporter_source_last_event_timestamp_seconds: {
    type: 'gauge',
    help: 'Event time of the newest event read from a source.',
    labels: ['source'],
  },
  llm_exporter_source_rotations_total: {
    type: 'counter',
    help: 'Times a followed file was replaced, by kind.',
    labels: ['source', 'kind'],
  },
  llm_exporter_series: {
    type: 'gauge',
    help: 'Series now exposed, by family.',
    labels: ['family'],
  },
  llm_exporter_series_limit: {
    type: 'gauge',
    help: 'Series a family may have; beyond it one label of new ones (model, else source or provider) becomes "other".',
    labels: ['family'],
  },
  llm_exporter_label_overflow_total: {
    type: 'counter',
    help: 'Requests counted under the value "other" because a label had reached its limit.',
    labels: ['label'],
  },
  llm_exporter_source_files: {
    type: 'gauge',
    help: 'Files of a source that are open now.',
    labels: ['source'],
  },
  llm_exporter_source_lost_total: {
    type: 'counter',
    help: 'Datagrams that the kernel dropped because they came faster than they were read (syslog over UDP, on Linux).',
    labels: ['source'],
  },
  llm_exporter_push_requests_total: {
    type: 'counter',
    help: 'Requests to POST /v1/logs by how they were answered.',
    labels: ['result'],
  },
  llm_exporter_proxy_tap_failures_total: {
    type: 'counter',
    help: 'Faults in reading along with a request, by the part that was not read; the request went on. event: it may be missing in the counts.',
    labels: ['part'],
  },
  llm_exporter_proxy_workers: {
    type: 'gauge',
    help: 'Worker processes of the proxy that take connections now (proxy.workers above 1).',
    labels: [],
  },
  llm_exporter_proxy_worker_restarts_total: {
    type: 'counter',
    help: 'Worker processes of the proxy that were started in place of one that had died.',
    labels: [],
  },
  llm_exporter_proxy_worker_uncounted_requests_total: {
    type: 'counter',
    help: 'Requests that a worker process passed on and could not report, as the main process did not take reports.',
    labels: [],
  },
  llm_exporter_state_loads_total: {
    type: 'counter',
    help: 'Starts of this exporter by what was found in its state folder; corrupt state is set aside.',
    labels: ['result'],
  },
  llm_exporter_state_writes_total: {
    type: 'counter',
    help: 'Writes of counters and read positions to the state folder, by whether they reached the disk.',
    labels: ['result'],
  },
  llm_exporter_state_last_write_timestamp_seconds: {
    type: 'gauge',
    help: 'Time of the last write to the state folder that reached the disk.',
    labels: [],
  },
  llm_exporter_state_dropped_series_total: {
    type: 'counter',
    help: 'Saved series that no metric family of this version or configuration has a place for.',
    labels: [],
  },
  llm_exporter_scrape_duration_seconds: {
    type: 'histogram',
    help: 'Time to answer /metrics, from its request until all of it is sent.',
    labels: [],
    buckets: SCRAPE_BUCKETS,
  },
} as const satisfies Readonly<Record<string, Family>>;

export type Families = typeof families;
export type FamilyName = keyof Families;

/** Names of the families of one type: `NamesOf<'counter'>`. */
export type NamesOf<T extends Family['type']> = {
  [K in FamilyName]: Families[K]['type'] extends T ? K : never;
}[FamilyName];

/** A full set of labels for a family: the compiler asks for each. */
export type Labels<N extends FamilyName> = Readonly<Record<Families[N]['labels'][number], string>>;

export const OUTCOMES = ['success', 'error', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const TOKEN_TYPES = ['input', 'output', 'cached_input', 'reasoning'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];
