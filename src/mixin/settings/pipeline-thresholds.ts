const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * The part of `defaultThresholds` about the exporter itself and the logs that it reads. `holdSeconds`: a gauge counts for so long after a
 * scrape that failed, because a process that is too busy to be scraped must not start `for` anew each time.
 */
export const pipelineThresholds = {
  LLMExporterTargetDown: {
    // A rolling deploy takes a target away for less than 5 minutes. The memory tells "down" from "never was", and ends the alert: a week
    // outlasts a long weekend, and stays below Prometheus' default retention of 15 days.
    warning: { forSeconds: 5 * MINUTE, rememberSeconds: 7 * DAY },
  },
  LLMExporterVanished: {
    // Not one exporter of a job answers: all are down, or service discovery has lost them. The memory is short, because a job that was
    // removed on purpose must not page for a day.
    critical: { rememberSeconds: 6 * HOUR, forSeconds: 5 * MINUTE },
  },
  LLMIngestLagging: {
    // Alerts on what the log tells come late by that much.
    warning: { lagSeconds: 60, holdSeconds: 2 * MINUTE, forSeconds: 5 * MINUTE, keepFiringSeconds: 5 * MINUTE },
  },
  LLMIngestStalled: {
    // Nothing was read for `quietSeconds` though there is more to read, or the source cannot be read at all.
    critical: {
      quietSeconds: 5 * MINUTE,
      holdSeconds: 2 * MINUTE,
      forSeconds: 5 * MINUTE,
      keepFiringSeconds: 10 * MINUTE,
    },
  },
  LLMParseErrors: {
    // Lines that cannot be read are requests that nobody counts. A few are a writer that was cut off; one in ten is the wrong format.
    info: { share: 0.01, minTotal: 50, forSeconds: 10 * MINUTE, keepFiringSeconds: 5 * MINUTE },
    warning: { share: 0.1, minTotal: 50, forSeconds: 10 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMSeriesLimitReached: {
    // Unbounded model names (LiteLLM issue 39136): beyond the limit new ones are counted as "other".
    warning: { share: 0.9, windowSeconds: 15 * MINUTE, forSeconds: 5 * MINUTE, keepFiringSeconds: HOUR },
  },
  LLMConfigReloadFailed: {
    // Until the next good reload: the process runs on with the configuration before, and the next start refuses this one.
    warning: { holdSeconds: 5 * MINUTE, forSeconds: 10 * MINUTE },
  },
  LLMExporterBackpressure: {
    // The event loop waits, scrapes near Prometheus' timeout of 10 s, or the kernel drops datagrams: counts come late or are lost.
    warning: {
      loopSeconds: 1,
      scrapeSeconds: 5,
      holdSeconds: 2 * MINUTE,
      windowSeconds: 5 * MINUTE,
      forSeconds: 10 * MINUTE,
      keepFiringSeconds: 10 * MINUTE,
    },
  },
  LLMStateNotWritten: {
    // A full or broken disk: all goes on, but a crash would lose what was counted since.
    warning: { windowSeconds: 5 * MINUTE, forSeconds: 10 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMSelfInconsistent: {
    // Counters that must agree are of one cut, so they agree to the last request but for what the edges of a window add.
    warning: { tolerance: 0.01, minTotal: 50, windowSeconds: 15 * MINUTE, forSeconds: 15 * MINUTE },
  },
  LLMRulesNotEvaluating: {
    // Opt-in: needs Prometheus to scrape itself.
    warning: { quietSeconds: 5 * MINUTE, forSeconds: 10 * MINUTE, keepFiringSeconds: 10 * MINUTE },
  },
  LLMWatchdog: {
    // Opt-in: fires as long as the whole chain lives; the receiver pages when it stops.
    none: { forSeconds: MINUTE },
  },
} as const;

/** Those about the exporter itself, but for LLMExporterTargetDown, and those about what it reads; in the order of their rules. */
export const EXPORTER_ALERTS = [
  'LLMExporterVanished',
  'LLMConfigReloadFailed',
  'LLMExporterBackpressure',
  'LLMStateNotWritten',
  'LLMSelfInconsistent',
  'LLMRulesNotEvaluating',
  'LLMWatchdog',
] as const satisfies readonly (keyof typeof pipelineThresholds)[];
export type ExporterAlert = (typeof EXPORTER_ALERTS)[number];

export const INGEST_ALERTS = [
  'LLMIngestLagging',
  'LLMIngestStalled',
  'LLMParseErrors',
  'LLMSeriesLimitReached',
] as const satisfies readonly (keyof typeof pipelineThresholds)[];
export type IngestAlert = (typeof INGEST_ALERTS)[number];
