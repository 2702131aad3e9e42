import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import { increase, lastOverTime, maxWithout, promql, selectors, sumWithout } from '../promql.ts';
import { ingestTests } from '../rule-tests/pipeline/ingest-tests.ts';
import { ingestPages } from '../runbooks/ingest.ts';
import { INGEST_ALERTS } from '../settings/pipeline-thresholds.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { describeShare, shareAbove } from '../share.ts';

const EXPORTER = { component: 'llm-exporter', signal: 'pipeline' } as const;
const OF_INSTANCE = { uid: 'llm-overview', variables: ['job', 'instance'] } as const;

/** What the exporter reads, and whether it understands it. Of one source on one machine each, so job, instance and source are kept. */
export function ingestAlerts(context: PackContext): readonly AlertEntry[] {
  const { settings } = context;
  const pages = ingestPages(context);
  const rules = {
    LLMIngestLagging: [lagging(settings)],
    LLMIngestStalled: [stalled(settings)],
    LLMParseErrors: [parseErrors(settings, 'info'), parseErrors(settings, 'warning')],
    LLMSeriesLimitReached: [seriesLimit(settings)],
  };
  const tests = ingestTests(settings, rules);
  return INGEST_ALERTS.map((name) => ({ name, rules: rules[name], runbook: pages[name], tests: tests[name] }));
}

function lagging(settings: MixinSettings): AlertRule {
  const { lagSeconds, holdSeconds, forSeconds, keepFiringSeconds } = settings.thresholds.LLMIngestLagging.warning;
  const series = selectors(settings.selector);
  const late = lastOverTime(series.gauge('llm_exporter_source_lag_seconds'), scaled(settings, holdSeconds));
  const read = increase(
    series.counter('llm_exporter_source_lines_total'),
    scaled(settings, settings.thresholds.LLMIngestStalled.critical.quietSeconds),
  );
  return {
    ...EXPORTER,
    alert: 'LLMIngestLagging',
    severity: 'warning',
    // The lag is 0 where nothing is unread, so an idle source is not late; and one that stands still is LLMIngestStalled, not this.
    expr: promql`${late} > ${lagSeconds}\nand ${read} > 0`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter is behind with a log that it reads.',
      description: `Source ${facts.label('source')} on ${facts.label('instance')} of job ${facts.label('job')} is read ${facts.value('duration')} late, and there is more to read: alerts on its requests come that much later.`,
      advice:
        'After a start with a long log it is catching up: wait. Otherwise give the exporter more CPU, or have it read fewer files.',
      dashboard: OF_INSTANCE,
    }),
    why: `Newest event read is older than ${lagSeconds} s while there is more to read, and some is read.`,
  };
}

function stalled(settings: MixinSettings): AlertRule {
  const level = settings.thresholds.LLMIngestStalled.critical;
  const { quietSeconds, holdSeconds, forSeconds, keepFiringSeconds } = level;
  const series = selectors(settings.selector);
  const [quiet, hold] = [scaled(settings, quietSeconds), scaled(settings, holdSeconds)];
  const unread = lastOverTime(series.gauge('llm_exporter_source_lag_bytes'), hold);
  const read = increase(series.counter('llm_exporter_source_lines_total'), quiet);
  const up = lastOverTime(series.gauge('llm_exporter_source_up'), hold);
  return {
    ...EXPORTER,
    alert: 'LLMIngestStalled',
    severity: 'critical',
    expr: promql`(\n  ${unread} > 0\n  and ${read} == 0\n)\nor ${up} == 0`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter reads nothing from a log any more.',
      description: `Source ${facts.label('source')} on ${facts.label('instance')} of job ${facts.label('job')} cannot be read, or is not, though there is more in it: its LLM errors are not seen.`,
      advice:
        'On that machine: does the file exist, and may the user of the exporter read it? The status page and the log of the exporter name the error.',
      dashboard: OF_INSTANCE,
    }),
    why: `Unread bytes and no line in ${quiet}, or the source is not there or not readable. An idle source has no unread bytes.`,
  };
}

function parseErrors(settings: MixinSettings, severity: 'info' | 'warning'): AlertRule {
  const level = settings.thresholds.LLMParseErrors[severity];
  const series = selectors(settings.selector);
  const windowSeconds = settings.windowSeconds.warning;
  const window = scaled(settings, windowSeconds);
  const bad = sumWithout(increase(series.counter('llm_exporter_source_rejected_total'), window), [], ['reason']);
  const all = increase(series.counter('llm_exporter_source_lines_total'), window);
  return {
    ...EXPORTER,
    alert: 'LLMParseErrors',
    severity,
    expr: shareAbove({ bad, all }, level),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter does not understand lines of a log that it reads.',
      description: `${facts.value('percentage')} of the lines of source ${facts.label('source')} on ${facts.label('instance')} of job ${facts.label('job')} could not be read over the last ${window}: their requests are not counted.`,
      advice:
        'Run `llm-exporter detect FILE` on the log: it names the format and the configuration to paste; `llm-exporter explain FILE` says of each line what is wrong.',
      dashboard: OF_INSTANCE,
    }),
    why: describeShare(settings, 'lines of a source', { ...level, windowSeconds }),
  };
}

function seriesLimit(settings: MixinSettings): AlertRule {
  const { share, windowSeconds, forSeconds, keepFiringSeconds } = settings.thresholds.LLMSeriesLimitReached.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, windowSeconds);
  const overflow = sumWithout(increase(series.counter('llm_exporter_label_overflow_total'), window), [], ['label']);
  const used = promql`${series.gauge('llm_exporter_series')} / (${series.gauge('llm_exporter_series_limit')} > 0)`;
  return {
    ...EXPORTER,
    alert: 'LLMSeriesLimitReached',
    severity: 'warning',
    expr: promql`${overflow} > 0\nor ${maxWithout(used, ['family'])} > ${share}`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter has as many series or label values as it may have.',
      description: `${facts.label('instance')} of job ${facts.label('job')} is at, or near, a limit of its series or models: new models are counted as "other", so that alerts cannot tell them apart.`,
      advice:
        'See on its status page which models are counted, and who makes them up; raise `limits.models` or `limits.series` only if they are real.',
      dashboard: OF_INSTANCE,
    }),
    why: `A request counted as "other" for want of room in ${window}, or above ${share * 100} % of the series that a family may have.`,
  };
}
