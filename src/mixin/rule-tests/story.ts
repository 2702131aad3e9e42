import type { CauseEntry } from '../../classify/catalogue.ts';
import type { AlertRule, PackContext } from '../alert.ts';
import { causesWithCodes } from '../causes.ts';
import type { MixinSettings, SpikeSeverity } from '../settings/settings.ts';
import { codesOf, levelsOf, neverAt, type SpikeAlert, type SpikeLevel } from '../settings/spike-levels.ts';
import { expectedAlert } from './expected-alert.ts';
import { type ExpectedAlert, requests, type Series, type StillFiring } from './promtool.ts';
import { type TargetLabels, targetLabels, ticksIn } from './target.ts';

/** An alert under test. */
export interface SpikeUnderTest {
  readonly name: SpikeAlert;
  /** Those that fire under its name, the mildest first. */
  readonly rules: readonly AlertRule[];
  /** Asked for; one that every level minds unless given. */
  readonly model?: string;
  /** Which of its codes is answered; the first unless given. */
  readonly code?: string;
  /** More labels of the exporter's target. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Which of the causes that come with the code is the most frequent one, counted from 0. */
  readonly mainCause?: number;
}

/** A name that must be escaped in a URL and quoted in a query. */
const MODEL = 'deepseek/deepseek-v3.1';
const PROVIDER = 'novita';

/** Answers per evaluation. */
export interface Mix {
  readonly all: number;
  readonly bad: number;
  /** No failure has ever been seen: their series are not there yet. */
  readonly unborn?: boolean;
  /** Refusals of our own throttle, with the same code; none unless given, and no part of `all`. */
  readonly refused?: number;
}

export interface Stretch extends Mix {
  readonly ticks: number;
}

/** A level, and its window in evaluations. */
export interface StoryLevel extends SpikeLevel {
  readonly severity: SpikeSeverity;
  readonly window: number;
}

/** Traffic of one model, and the alerts it must cause. Times are in evaluations. */
export interface Story {
  /** Window of the mildest of the alerts, which is the longest. */
  readonly window: number;
  /** Those of the alert, the mildest first. */
  readonly levels: readonly StoryLevel[];
  /** How long after its beginning an incident does not count towards the usual level. */
  readonly offset: number;
  ticksOf(seconds: number): number;
  series(stretches: readonly Stretch[]): readonly Series[];
  /** Alerts that fire on this mix; `usual` is the usual level, absent while it is not known. */
  firing(mix: Mix, usual?: number): readonly ExpectedAlert[];
  /** That the alert of this level fires, whatever others of its name do. */
  stillFiring(level: StoryLevel, tick: number): StillFiring;
}

export function createStory({ settings, causes }: PackContext, subject: SpikeUnderTest): Story {
  const { name, rules, model = MODEL, mainCause = 0, code = codesOf(settings, subject.name)[0] } = subject;
  const target = { ...targetLabels(settings), ...subject.labels };
  const levels = levelsOf(settings, name).map(([severity, level]) => ({
    ...level,
    severity,
    window: ticksIn(settings, settings.windowSeconds[severity]),
  }));
  const possible = causesWithCodes(causes, codesOf(settings, name));
  const main = possible[mainCause];
  const other = possible.find((cause) => cause !== main);
  const [mildest] = levels;
  if (main === undefined || other === undefined) throw new Error(`the catalogue has fewer than two causes for ${name}`);
  if (mildest === undefined) throw new Error(`${name} has no level`);
  const failure = { model, code, main, other };
  return {
    window: mildest.window,
    levels,
    offset: ticksIn(settings, settings.baseline.offsetSeconds),
    ticksOf: (seconds) => ticksIn(settings, seconds),
    series: (stretches) => traffic(target, failure, stretches),
    stillFiring({ severity }, tick) {
      const { info, [severity]: name } = settings.severityNames;
      return settings.burnIn ? { tick, severity: info, labels: { would_be_severity: name } } : { tick, severity: name };
    },
    firing: (mix, usual) =>
      levels.flatMap((level) => {
        const rule = rules.find(({ severity }) => severity === level.severity);
        const never = neverAt(settings, level.severity).includes(model);
        return rule === undefined || never || !exceeds(level, mix, usual)
          ? []
          : [expected(settings, rule, { target, failure, mix, usual })];
      }),
  };
}

interface Failure {
  readonly model: string;
  readonly code: string;
  readonly main: CauseEntry;
  readonly other: CauseEntry;
}

/** Two instances, because a rule that forgot to sum would be wrong; two causes; and a model that is always well. */
function traffic(first: TargetLabels, { model, code, main, other }: Failure, stretches: readonly Stretch[]) {
  const second = { ...first, instance: '10.0.0.2:9503', pod: 'gateway-1' };
  const good = { provider: PROVIDER, model, stream: 'false', code: '200', cause: 'none' };
  const lines = [
    { target: first, labels: good, count: ({ all, bad }: Mix) => (all - bad) / 2 },
    { target: second, labels: good, count: ({ all, bad }: Mix) => (all - bad) / 2 },
    {
      target: first,
      labels: { ...good, code, cause: main.id },
      count: ({ bad, unborn }: Mix) => (unborn ? undefined : bad - minor(bad)),
    },
    {
      target: second,
      labels: { ...good, code, cause: other.id },
      count: ({ bad, unborn }: Mix) => (unborn ? undefined : minor(bad)),
    },
    { target: first, labels: { ...good, model: 'control' }, count: ({ all }: Mix) => all },
    ...(stretches.some(({ refused }) => refused !== undefined)
      ? [
          {
            target: first,
            labels: { ...good, code, cause: 'shed_by_exporter' as const },
            count: ({ refused }: Mix) => refused,
          },
        ]
      : []),
  ];
  return lines.map(({ target, labels, count }) => {
    const phases = stretches.map((stretch) => ({ ticks: stretch.ticks, perTick: count(stretch) }));
    return requests(target, labels, phases);
  });
}

/** How many of the bad ones have the less frequent cause. */
function minor(bad: number): number {
  return Math.floor(bad / 5);
}

function exceeds(level: StoryLevel, { all, bad }: Mix, usual: number | undefined): boolean {
  const { share, baselineFloor = share, minBad, minTotal, window } = level;
  const least = usual === undefined ? share : Math.min(share, baselineFloor);
  return bad / all > least && bad * window >= minBad && all * window >= minTotal;
}

interface Expectation {
  readonly target: TargetLabels;
  readonly failure: Failure;
  readonly mix: Mix;
  readonly usual: number | undefined;
}

function expected(
  settings: MixinSettings,
  rule: AlertRule,
  { target, failure, mix, usual }: Expectation,
): ExpectedAlert {
  const kept = Object.entries(target).filter(([label]) => !settings.dropLabels.includes(label));
  return expectedAlert(settings, rule, {
    labels: { ...Object.fromEntries(kept), provider: PROVIDER, model: failure.model, code: failure.code },
    value: mix.bad / mix.all,
    cause: failure.main,
    found: {
      'provider_model_code_cause:llm_requests_per_requests:ratio_increase5m': (mix.bad - minor(mix.bad)) / mix.bad,
      ...(usual !== undefined && { 'provider_model_code:llm_requests_per_requests:p90_ratio_increase5m': usual }),
    },
  });
}
