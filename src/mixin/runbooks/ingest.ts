import type { PackContext } from '../alert.ts';
import { increase, promql, rate, selectors, sumBy } from '../promql.ts';
import type { RunbookPage } from '../runbook.ts';
import type { IngestAlert } from '../settings/pipeline-thresholds.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { describeShare, percent } from '../share.ts';

export function ingestPages({ settings }: PackContext): Readonly<Record<IngestAlert, RunbookPage>> {
  return {
    LLMIngestLagging: laggingPage(settings),
    LLMIngestStalled: stalledPage(settings),
    LLMParseErrors: parsePage(settings),
    LLMSeriesLimitReached: seriesPage(settings),
  };
}

const OF_SOURCE = ['instance', 'source'] as const;

function laggingPage(settings: MixinSettings): RunbookPage {
  const { lagSeconds, forSeconds } = settings.thresholds.LLMIngestLagging.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  return {
    meaning: `The newest line that an llm-exporter has read from a source is above ${lagSeconds} s old, and there is more to read: it reads, but more slowly than the log is written.`,
    hurt: 'You: alerts on the requests in that log come late by the lag, and a spike looks flatter than it is.',
    confirm: [
      { why: 'How late, in seconds:', query: promql`${series.gauge('llm_exporter_source_lag_seconds')} > 0` },
      {
        why: 'How much is unread; falling means that it catches up:',
        query: promql`${series.gauge('llm_exporter_source_lag_bytes')} > 0`,
      },
      {
        why: 'Bytes read per second:',
        query: sumBy(rate(series.counter('llm_exporter_source_bytes_total'), window), OF_SOURCE),
      },
    ],
    causes: [
      'It has just begun, or was down, and reads what was written before.',
      'Too little CPU: a limit of a container.',
      'A debug log, or a flood of requests: more lines than usual.',
      'A clock: the machine that writes the log is behind the machine of the exporter.',
    ],
    steps: [
      'Second query: unread bytes fall? Wait; divide them by the third query for the time that is left.',
      'They grow: give the process a whole core. See LLMExporterBackpressure for whether it is busy.',
      'Have it read less: leave files out that hold no LLM requests, or split the files among two exporters.',
      'Unread bytes are small and the lag is constant: compare the clocks (`date -u`) of the two machines.',
    ],
    falseWhen: [
      'The log holds old times on purpose, such as one that is replayed: use `llm-exporter backfill` for the past instead.',
    ],
    silent: [
      'An idle source: its newest line may be old, and nothing is unread.',
      'A source that cannot be read at all: see LLMIngestStalled.',
      'Lines that are late before they are written: buffered logging (`buffer=` in nginx) delays them unseen.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMIngestLagging.warning.lag\` (now ${lagSeconds}s) or \`.for\` (${scaled(settings, forSeconds)}).`,
    ],
  };
}

function stalledPage(settings: MixinSettings): RunbookPage {
  const { quietSeconds, forSeconds } = settings.thresholds.LLMIngestStalled.critical;
  const series = selectors(settings.selector);
  const quiet = scaled(settings, quietSeconds);
  return {
    meaning: `An llm-exporter has read no line from a source for ${quiet} though there is more in it, or it cannot read the source at all: the file is not there, or not for its user.`,
    hurt: 'You: LLM errors of the traffic behind that log are not seen, and no alert on them can fire.',
    confirm: [
      { why: 'Sources that cannot be read:', query: promql`${series.gauge('llm_exporter_source_up')} == 0` },
      { why: 'Unread bytes:', query: promql`${series.gauge('llm_exporter_source_lag_bytes')} > 0` },
      {
        why: 'Lines read:',
        query: sumBy(increase(series.counter('llm_exporter_source_lines_total'), quiet), OF_SOURCE),
      },
      { why: 'Files open, by source:', query: series.gauge('llm_exporter_source_files') },
      {
        why: 'Rotations in the last hour:',
        query: promql`${increase(series.counter('llm_exporter_source_rotations_total'), scaled(settings, 3600))} > 0`,
      },
    ],
    causes: [
      'The file was moved, or is written under another name now.',
      'The user of the exporter may not read it: log rotation created it anew with other rights.',
      'The folder is a volume that is not mounted any more, or a network file system whose server is gone.',
      'It never was there: a mistake in the path or pattern of the configuration.',
    ],
    steps: [
      'Open the status page of that exporter (`http://INSTANCE/`) or its log: the source and the error stand there (`ENOENT`, `EACCES`, `ESTALE`).',
      '`ENOENT`: `ls -l` the path on that machine. Another name? Set it in the configuration, and `kill -HUP` the exporter. Nothing there? See whether the gateway writes a log at all.',
      '`EACCES`: `sudo -u USER head -1 FILE`. Mend the rights in the rotation itself (`create 0640 … adm` in logrotate), or the next night brings it back.',
      '`ESTALE` or a hang: mount the volume anew.',
      'Up, unread bytes and no lines: restart the exporter, which goes on where it was, and report it with its log.',
      'Nothing is lost while the lines are in the file: they are read and counted when it can be read again. Lines of a file that is deleted meanwhile are gone.',
    ],
    falseWhen: [
      'A log that is written only sometimes and deleted between: give a pattern of its folder instead of the file.',
      'A source that was taken down on purpose: remove it from the configuration.',
    ],
    silent: [
      'An idle source: nothing unread is no fault. When traffic should be there, LLMTrafficVanished tells.',
      'Standard input, push and syslog have no unread bytes: their senders know.',
      `For ${scaled(settings, quietSeconds + forSeconds)} in the first case and ${scaled(settings, forSeconds)} in the second.`,
    ],
    tune: [
      `Too early: raise \`thresholds.LLMIngestStalled.critical.quiet\` (now ${quiet}) or \`.for\` (${scaled(settings, forSeconds)}).`,
    ],
  };
}

function parsePage(settings: MixinSettings): RunbookPage {
  const { info, warning } = settings.thresholds.LLMParseErrors;
  const windowSeconds = settings.windowSeconds.warning;
  const window = scaled(settings, windowSeconds);
  const series = selectors(settings.selector);
  const rejected = increase(series.counter('llm_exporter_source_rejected_total'), window);
  return {
    meaning: `An llm-exporter cannot understand lines of a source, so the requests in them are not counted. Info: ${describeShare(settings, 'lines of a source', { ...info, windowSeconds })} Warning: ${describeShare(settings, 'lines of a source', { ...warning, windowSeconds })}`,
    hurt: 'You: the numbers of that log are too low, and if failures are what cannot be read, they are too good.',
    confirm: [
      {
        why: 'Lines that were not understood, by reason:',
        query: promql`sort_desc(${sumBy(rejected, [...OF_SOURCE, 'reason'])} > 0)`,
      },
      {
        why: 'Their share:',
        query: promql`${sumBy(rejected, OF_SOURCE)} / (${sumBy(increase(series.counter('llm_exporter_source_lines_total'), window), OF_SOURCE)} > 0)`,
      },
    ],
    causes: [
      'The format of the log was changed: an update or a new `log_format` of the gateway. Reason `no_match` or `missing_code`.',
      'Several programs write into one file, or one writes multi-line messages: `no_match`, `invalid_json`.',
      'Lines are cut: the writer was killed, or the disk was full. `unterminated`, `too_long`, `invalid_json`.',
    ],
    steps: [
      'On that machine: `llm-exporter detect FILE` says which format the log has now, and prints the configuration for it.',
      '`llm-exporter explain FILE` says of each line why it was not understood. The status page shows the shape of such lines, without their content.',
      'Set the format in the configuration, run `llm-exporter check-config FILE`, and `kill -HUP` the process.',
      'Lines of other programs in the file: have them written elsewhere.',
      'What was not understood is not read again: `llm-exporter report FILE` on the log of that time tells what you have missed.',
    ],
    falseWhen: [
      'A log that holds other things on purpose: the share is what it always is. Raise the threshold, or filter at the writer.',
    ],
    silent: [
      `Under ${info.minTotal} lines in ${window}.`,
      'Lines that are well-formed and of another path are filtered, not rejected.',
      'Lines that are understood wrongly: compare the counts with those of the gateway once.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMParseErrors.info.share\` (now ${percent(info.share)}) or \`.warning.share\` (${percent(warning.share)}).`,
    ],
  };
}

function seriesPage(settings: MixinSettings): RunbookPage {
  const { share, windowSeconds } = settings.thresholds.LLMSeriesLimitReached.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, windowSeconds);
  const used = promql`${series.gauge('llm_exporter_series')} / (${series.gauge('llm_exporter_series_limit')} > 0)`;
  return {
    meaning: `An llm-exporter has as many label values or series as it may: requests were counted as "other" in the last ${window}, or a family has above ${percent(share)} of its series. The limit protects Prometheus.`,
    hurt: 'You: models beyond the limit are one model called "other", so alerts cannot tell which of them fails. Nothing that is already counted is lost.',
    confirm: [
      {
        why: 'Requests counted as "other", by label:',
        query: promql`${increase(series.counter('llm_exporter_label_overflow_total'), window)} > 0`,
      },
      { why: 'How full each family is:', query: promql`sort_desc(${used})` },
      {
        why: 'How many models each provider has:',
        query: promql`count by (provider) (${sumBy(series.counter('llm_requests_total'), ['provider', 'model'])})`,
      },
    ],
    causes: [
      'Clients make up model names, and the provider answers them: fine-tuned models with an id in each name, or dates.',
      'Very many sources: a pattern that matches a file for each hour.',
      'Real growth: more models, codes and causes than the limits were made for.',
    ],
    steps: [
      'First query: label `model`: too many models of one provider. `series`: a family is full; second query says which.',
      'Look at the models on the status page or the dashboard. Names with ids or dates in them: have the callers use one alias.',
      'They are real: raise `limits.models` (200) or `limits.series` (20000) in the configuration and reload; each series is a line of every scrape.',
      'What is already "other" stays: new requests of an admitted model get their own name.',
    ],
    falseWhen: ['A load test with made-up names: restart the exporter with an empty state folder after it.'],
    silent: [
      'Names that no answer has proven are "other" from the start: they need no room.',
      'The limits of Prometheus itself (`sample_limit`).',
    ],
    tune: [`Too early: raise \`thresholds.LLMSeriesLimitReached.warning.share\` (now ${percent(share)}).`],
  };
}
