import type { AlertRule } from '../../alert.ts';
import type { Extra } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { ABSENT, MARGIN, quietTest, trafficTest } from '../lifecycle.ts';
import type { RuleTest } from '../promtool.ts';
import { ticksIn } from '../target.ts';
import { firingOn, pipelineLife } from './pipeline-tests.ts';

/** Counts of one exporter over the window. */
interface Counts {
  readonly lines?: number;
  readonly events?: number;
  readonly filtered?: number;
  readonly rejected?: number;
  readonly good?: number;
  readonly failed?: number;
  readonly classified?: number;
  readonly durations?: number;
  readonly tries?: number;
  readonly failedTries?: number;
}

/** Wrong counts: `off` of 1 is all that is wrong, `size` how many there are of what is right. */
type Fault = (off: number, size: number) => Counts;

const FAULTS: Readonly<Record<string, Fault>> = {
  'lines that are nothing': (off, size) => ({
    lines: size,
    events: 0.5 * size,
    filtered: 0.3 * size,
    rejected: (0.2 - off) * size,
    good: size,
  }),
  'lines that are two things': (off, size) => ({
    lines: size,
    events: 0.5 * size,
    filtered: 0.3 * size,
    rejected: (0.2 + off) * size,
    good: size,
  }),
  'failures without a classification': (off, size) => ({ failed: size, classified: (1 - off) * size, good: 9 * size }),
  'classifications without a failure': (off, size) => ({ failed: size, classified: (1 + off) * size, good: 9 * size }),
  'durations without a request': (off, size) => ({ good: size, durations: (1 + off) * size }),
  'events without a request': (off, size) => ({
    good: size,
    lines: (1 + off) * size,
    events: (1 + off) * size,
  }),
  'successes without a try': (off, size) => ({
    good: (1 + off) * size,
    tries: size,
    failed: 2 * size,
    classified: 2 * size,
    failedTries: 3 * size,
  }),
  'successes with neither a try nor a line': (off, size) => ({
    good: (1 + off) * size,
    tries: 0.5 * size,
    failedTries: 3 * size,
    lines: 0.5 * size,
    events: 0.5 * size,
  }),
};

/** What is right, though it is not the same. */
const RIGHT: Readonly<Record<string, Counts>> = {
  'a proxy whose clients left before a try': { good: 100, failed: 300, classified: 300, tries: 100, durations: 20 },
  'a proxy that reads a log, too': { good: 300, tries: 100, lines: 200, events: 200 },
  'a log of which few lines are requests': { lines: 1000, events: 10, filtered: 985, rejected: 5, good: 10 },
  idle: { good: 0, failed: 0, classified: 0, lines: 0, events: 0, filtered: 0, rejected: 0, durations: 0, tries: 0 },
};

/** Tests of LLMSelfInconsistent: each comparison from just above and just below. */
export function selfCheckTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { tolerance, minTotal, windowSeconds, forSeconds } = settings.thresholds.LLMSelfInconsistent.warning;
  const window = ticksIn(settings, windowSeconds);
  const wait = ticksIn(settings, forSeconds);
  const ticks = window + wait + 2 * MARGIN;
  const extras = (counts: Counts, instance: number) => series(counts, windowSeconds, instance);
  const off = 1.5 * tolerance;
  const [, lines = (): Counts => ({})] = Object.values(FAULTS);
  return [
    pipelineLife(settings, {
      title: 'fires on a fault that lasts, and resolves',
      rule,
      well: extras(lines(0, 20 * minTotal), 0),
      ill: extras(lines(off, 20 * minTotal), 0),
      after: extras(lines(0, 400 * minTotal), 0),
      value: off,
      holdsAfter: Math.floor((window * tolerance) / off),
      steadyAfter: window,
      endsAfter: Math.ceil(window / 2),
    }),
    ...Object.entries(FAULTS).map(([name, fault]) =>
      trafficTest(settings, {
        title: `fires on ${name}, just above its numbers and not just below`,
        // One exporter each: at fault, nearly, and with too few to judge by.
        options: { instances: 3 },
        parts: [
          {
            ticks,
            extras: [
              ...extras(fault(off, 1.5 * minTotal), 0),
              ...extras(fault(0.9 * tolerance, 1.5 * minTotal), 1),
              ...extras(fault(5 * tolerance, (0.9 / (1 + 5 * tolerance)) * minTotal), 2),
            ],
          },
        ],
        checks: [{ tick: ticks - 1, firing: [firingOn(settings, { rule, value: off })] }],
      }),
    ),
    quietTest(settings, {
      title: `stays quiet on ${Object.keys(RIGHT).join(', ')}`,
      options: { instances: Object.keys(RIGHT).length },
      parts: [
        {
          ticks,
          extras: Object.values(RIGHT).flatMap((counts, instance) => extras(scaledUp(counts, minTotal), instance)),
        },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet when an exporter begins anew',
      options: { instances: 1 },
      parts: [
        { ticks: window, extras: extras(lines(0, 20 * minTotal), 0) },
        { ticks: 2, extras: extras(lines(0, 20 * minTotal), 0), instances: { 0: 'down' } },
        { ticks: window + wait, extras: extras(lines(0, 20 * minTotal), 0), instances: { 0: 'restarted' } },
      ],
    }),
    ABSENT,
  ];
}

function scaledUp(counts: Counts, factor: number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count * factor]));
}

/** The counters that make up these counts, of several labels each. */
function series(counts: Counts, windowSeconds: number, instance: number): readonly Extra[] {
  const ids = { provider: 'novita', model: 'm' };
  const answer = (code: string, cause: string) => ({ ...ids, code, cause });
  const good = answer('200', 'none');
  const bad = answer('503', 'model_overloaded');
  const all = (counts.good ?? 0) + (counts.failed ?? 0);
  const of = (name: string, labels: Readonly<Record<string, string>>, count: number | undefined): readonly Extra[] =>
    count === undefined ? [] : [{ name, labels, instance, perSecond: count / windowSeconds }];
  const source = { source: 'log' };
  const { durations } = counts;
  return [
    ...of('llm_exporter_source_lines_total', source, counts.lines),
    ...of('llm_exporter_source_events_total', source, counts.lines === undefined ? undefined : (counts.events ?? 0)),
    ...of(
      'llm_exporter_source_filtered_total',
      source,
      counts.lines === undefined ? undefined : (counts.filtered ?? 0),
    ),
    ...of(
      'llm_exporter_source_rejected_total',
      { ...source, reason: 'no_match' },
      counts.lines === undefined ? undefined : (counts.rejected ?? 0) / 2,
    ),
    ...of(
      'llm_exporter_source_rejected_total',
      { ...source, reason: 'invalid_json' },
      counts.lines === undefined ? undefined : (counts.rejected ?? 0) / 2,
    ),
    ...of('llm_requests_total', { ...good, stream: 'true' }, (counts.good ?? 0) / 2),
    ...of('llm_requests_total', { ...good, stream: 'false' }, (counts.good ?? 0) / 2),
    ...of('llm_requests_total', { ...bad, stream: 'true' }, counts.failed),
    ...of(
      'llm_classifications_total',
      { provider: 'novita', basis: 'code' },
      counts.classified && counts.classified / 2,
    ),
    ...of(
      'llm_classifications_total',
      { provider: 'novita', basis: 'status' },
      counts.classified && counts.classified / 2,
    ),
    ...of('llm_request_duration_seconds_count', { ...ids, stream: 'true', outcome: 'success' }, durations ?? all),
    ...of('llm_attempts_total', good, counts.tries),
    ...of('llm_attempts_total', bad, counts.tries === undefined ? undefined : (counts.failedTries ?? 0)),
  ];
}
