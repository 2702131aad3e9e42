import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { histogramQuantile, maxBy, minBy, promql, rate, sumBy } from '../promql.ts';
import type { Row } from './frame.ts';
import { byLabels, named, type Panels } from './panels.ts';
import { RATE, scope } from './scope.ts';

const NO_SOURCE = 'No log source configured: this exporter sees its traffic as a proxy';
const NO_EXPORTER = 'No exporter in this selection';

/** Whether the exporters that tell all this are well, and why a panel above may be empty. */
export function exporterRow(panels: Panels): Row {
  return {
    title: 'Why is this empty? The exporter',
    panels: [
      newestEvent(panels),
      configuration(panels),
      lines(panels),
      backlog(panels),
      series(panels),
      scrape(panels),
    ],
  };
}

function newestEvent(panels: Panels) {
  const newest = maxBy(scope.gauge('llm_exporter_source_last_event_timestamp_seconds'), ['source']);
  return panels.stat({
    title: 'Age of the newest event',
    description:
      'By log source. Old while clients are at work: the gateway writes elsewhere, or its lines are not understood (see rejected).',
    unit: 's',
    decimals: 0,
    width: 6,
    targets: [byLabels(promql`time() - (${newest} > 0)`, ['source'])],
    noValue: NO_SOURCE,
  });
}

function configuration(panels: Panels) {
  return panels.stat({
    title: 'Configuration',
    description:
      'Whether the last reload was accepted. REFUSED: the old configuration is still in use; the log names file, line and column.',
    unit: 'none',
    max: 1,
    width: 6,
    targets: [named(minBy(scope.gauge('llm_exporter_config_last_reload_successful'), []), 'configuration')],
    noValue: NO_EXPORTER,
    base: 'red',
    steps: [{ from: 1, color: 'green' }],
    mappings: [{ type: MappingType.ValueToText, options: { '0': { text: 'REFUSED' }, '1': { text: 'OK' } } }],
  });
}

function lines(panels: Panels) {
  const counters = {
    read: 'llm_exporter_source_lines_total',
    counted: 'llm_exporter_source_events_total',
    filtered: 'llm_exporter_source_filtered_total',
    rejected: 'llm_exporter_source_rejected_total',
  } as const;
  return panels.graph({
    title: 'Lines of log sources',
    description:
      'Lines per second read, counted, filtered (another path) and rejected (not understood). Rejected ones: run `llm-exporter explain` on such a line.',
    unit: 'cps',
    width: 12,
    targets: Object.entries(counters).map(([name, counter]) =>
      byLabels(sumBy(rate(scope.counter(counter), RATE), ['source']), ['source'], `${name} `),
    ),
    noValue: NO_SOURCE,
  });
}

function backlog(panels: Panels) {
  return panels.graph({
    title: 'Backlog of log sources',
    description: 'Bytes written and not read yet. Rising: the exporter cannot keep up, or cannot read the file.',
    unit: 'bytes',
    width: 8,
    targets: [byLabels(sumBy(scope.gauge('llm_exporter_source_lag_bytes'), ['source']), ['source'])],
    noValue: NO_SOURCE,
  });
}

function series(panels: Panels) {
  const share = promql`${scope.gauge('llm_exporter_series')} / ${scope.gauge('llm_exporter_series_limit')}`;
  return panels.graph({
    title: 'Series against their limit',
    description:
      'At 100 % further model names are counted as "other". Raise the limit, or find out who invents model names.',
    unit: 'percentunit',
    max: 1,
    width: 8,
    targets: [byLabels(maxBy(share, ['family']), ['family'])],
    noValue: NO_EXPORTER,
  });
}

function scrape(panels: Panels) {
  const perBucket = sumBy(rate(scope.buckets('llm_exporter_scrape_duration_seconds'), RATE), ['le']);
  return panels.graph({
    title: 'Time to answer a scrape',
    description: 'The 99th percentile. Near the scrape timeout, Prometheus loses samples, and the alerts with them.',
    unit: 's',
    width: 8,
    targets: [named(histogramQuantile(0.99, perBucket), 'p99')],
    noValue: NO_EXPORTER,
  });
}
