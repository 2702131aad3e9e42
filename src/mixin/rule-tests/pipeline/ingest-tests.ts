import type { AlertRule } from '../../alert.ts';
import { type Extra, instanceLabels } from '../../scenario/traffic.ts';
import type { IngestAlert } from '../../settings/pipeline-thresholds.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { ABSENT, quietTest } from '../lifecycle.ts';
import type { RuleTest } from '../promtool.ts';
import { shareTests } from '../share-tests.ts';
import { ticksIn } from '../target.ts';
import { gaugeTests, growsOnFirst, onFirst, pipelineLife } from './pipeline-tests.ts';

const SOURCE = { source: '/var/log/nginx/llm.log' } as const;

/** Tests of the alerts about what is read. */
export function ingestTests(
  settings: MixinSettings,
  rules: Readonly<Record<IngestAlert, readonly AlertRule[]>>,
): Readonly<Record<IngestAlert, readonly RuleTest[]>> {
  const only = (name: IngestAlert): AlertRule => {
    const [rule] = rules[name];
    if (rule === undefined) throw new Error(`${name} has no rule`);
    return rule;
  };
  return {
    LLMIngestLagging: laggingTests(settings, only('LLMIngestLagging')),
    LLMIngestStalled: stalledTests(settings, only('LLMIngestStalled')),
    LLMParseErrors: parseTests(settings, rules.LLMParseErrors),
    LLMSeriesLimitReached: seriesTests(settings, only('LLMSeriesLimitReached')),
  };
}

const lagSeconds = (first: number) => onFirst('llm_exporter_source_lag_seconds', SOURCE, first);
const lagBytes = (first: number) => onFirst('llm_exporter_source_lag_bytes', SOURCE, first);
const lines = (first: number) => growsOnFirst('llm_exporter_source_lines_total', SOURCE, first, 1);
const up = (first: number) => onFirst('llm_exporter_source_up', SOURCE, first, 1);

function laggingTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { lagSeconds: limit, holdSeconds } = settings.thresholds.LLMIngestLagging.warning;
  const late = (seconds: number, linesPerSecond = 1) => [...lagSeconds(seconds), ...lines(linesPerSecond)];
  return [
    ...gaugeTests(
      settings,
      {
        title: 'fires on a source that is read late',
        rule,
        well: late(0),
        ill: late(1.5 * limit),
        labels: SOURCE,
        value: 1.5 * limit,
      },
      holdSeconds,
    ),
    quietTest(settings, { title: 'stays quiet just below', parts: [{ ticks: 40, extras: late(0.9 * limit) }] }),
    quietTest(settings, {
      title: 'stays quiet on a source that stands still, which is another alert',
      parts: [
        { ticks: 20, extras: late(0) },
        { ticks: 2, extras: late(0.9 * limit, 0) },
        { ticks: 40, extras: late(10 * limit, 0) },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet on a burst that is caught up with',
      parts: [
        { ticks: 10, extras: late(0) },
        { ticks: ticksIn(settings, rule.forSeconds) - 1, extras: late(2 * limit) },
        { ticks: 20, extras: late(0) },
      ],
    }),
  ];
}

function stalledTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { quietSeconds, holdSeconds } = settings.thresholds.LLMIngestStalled.critical;
  const window = ticksIn(settings, quietSeconds);
  const well = [...lagBytes(0), ...lines(1), ...up(1)];
  return [
    ...gaugeTests(
      settings,
      {
        title: 'fires on a source with more to read that is not read',
        rule,
        well,
        ill: [...lagBytes(10_000), ...lines(0), ...up(1)],
        labels: SOURCE,
        value: 10_000,
        beforeTicks: 4 * window + 1,
        holdsAfter: window,
        endsAfter: 1,
      },
      holdSeconds,
    ).filter((test) => test !== ABSENT),
    ...gaugeTests(
      settings,
      {
        title: 'fires on a source that cannot be read',
        rule,
        well,
        ill: [...lagBytes(0), ...lines(0), ...up(0)],
        labels: SOURCE,
        value: 0,
      },
      holdSeconds,
    ),
    quietTest(settings, {
      title: 'stays quiet on an idle source',
      parts: [{ ticks: 60, extras: [...lagBytes(0), ...lines(0), ...up(1)] }],
    }),
    quietTest(settings, {
      title: 'stays quiet on a source that is behind and is read',
      parts: [{ ticks: 60, extras: [...lagBytes(10_000), ...lines(0.1), ...up(1)] }],
    }),
  ];
}

function parseTests(settings: MixinSettings, rules: readonly AlertRule[]): readonly RuleTest[] {
  const windowSeconds = settings.windowSeconds.warning;
  const source = (name: string, all: number, bad: number): readonly Extra[] => [
    { name: 'llm_exporter_source_lines_total', labels: { source: name }, perSecond: all },
    ...['no_match', 'invalid_json'].map((reason) => ({
      name: 'llm_exporter_source_rejected_total',
      labels: { source: name, reason },
      perSecond: bad / 2,
    })),
  ];
  return [
    ...shareTests(settings, {
      rules: rules.map((rule) => [
        rule,
        { ...settings.thresholds.LLMParseErrors[rule.severity === 'warning' ? 'warning' : 'info'], windowSeconds },
      ]),
      traffic: (name, { all, bad }) => ({ extras: source(name, all, bad) }),
      // On each exporter that reads it: not summed, since each has a log of its own.
      incident: (name) => [0, 1].map((index) => ({ labels: { ...instanceLabels(settings, index), source: name } })),
    }),
    quietTest(settings, {
      title: 'stays quiet on lines of other paths, which are filtered',
      parts: [
        {
          ticks: 60,
          extras: [
            ...source('mixed', 10, 0),
            { name: 'llm_exporter_source_filtered_total', labels: { source: 'mixed' }, perSecond: 9 },
          ],
        },
      ],
    }),
  ];
}

function seriesTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { share, windowSeconds } = settings.thresholds.LLMSeriesLimitReached.warning;
  const window = ticksIn(settings, windowSeconds);
  const limit = 1000;
  const used = (family: string, part: number): readonly Extra[] => [
    ...onFirst('llm_exporter_series', { family }, part * limit, 10),
    ...onFirst('llm_exporter_series_limit', { family }, limit, limit),
  ];
  const families = (part: number) => [...used('llm_requests_total', part), ...used('llm_attempts_total', 0.1)];
  const overflow = (first: number) => growsOnFirst('llm_exporter_label_overflow_total', { label: 'model' }, first);
  const above = Math.min(1, 1.05 * share);
  return [
    pipelineLife(settings, {
      title: 'fires when requests are counted as "other" for want of room',
      rule,
      well: overflow(0),
      ill: overflow(0.1),
      value: 0.1 * windowSeconds,
      steadyAfter: window,
      endsAfter: window,
    }),
    pipelineLife(settings, {
      title: 'fires when one family is nearly full',
      rule,
      well: families(0.1),
      ill: families(above),
      value: above,
      endsAfter: 1,
    }),
    quietTest(settings, {
      title: 'stays quiet just below its share',
      parts: [{ ticks: 40, extras: [...families(0.95 * share), ...overflow(0)] }],
    }),
    quietTest(settings, {
      title: 'stays quiet on families without a limit',
      parts: [{ ticks: 40, extras: onFirst('llm_exporter_series', { family: 'llm_cause_info' }, limit) }],
    }),
    ABSENT,
  ];
}
