import { type AlertRule, labelsOf } from '../alert.ts';
import { type Stretch, type TrafficOptions, trafficSeries } from '../scenario/traffic.ts';
import type { MixinSettings } from '../settings/settings.ts';
import type { Check, ExpectedAlert, RuleTest, StillFiring } from './promtool.ts';
import { ticksIn } from './target.ts';

/** Keeps clear of the edges of a window, where Prometheus 3 (left-open ranges) and 2 differ by one sample. */
export const MARGIN = 3;

/** A time in which nothing changes, in evaluations. */
export interface Part extends Omit<Stretch, 'seconds'> {
  readonly ticks: number;
}

interface TrafficTest {
  readonly title: string;
  readonly parts: readonly Part[];
  readonly options?: TrafficOptions;
  readonly checks: readonly Check[];
  readonly stillFiring?: readonly (number | StillFiring)[];
}

/** A test told as stretches of traffic. */
export function trafficTest(
  settings: MixinSettings,
  { title, parts, options, checks, stillFiring }: TrafficTest,
): RuleTest {
  const stretches = parts.map(({ ticks, ...what }) => ({
    ...what,
    seconds: ticks * settings.evaluationIntervalSeconds,
  }));
  return {
    title,
    series: trafficSeries(settings, stretches, options),
    checks,
    ...(stillFiring !== undefined && { stillFiring }),
  };
}

/** Traffic on which the alert must not fire; looked at often enough that nothing slips through between. */
export function quietTest(settings: MixinSettings, story: Omit<TrafficTest, 'checks' | 'stillFiring'>): RuleTest {
  const ticks = ticksOf(story.parts);
  const checks: Check[] = [];
  for (let tick = Math.min(8, ticks - 1); tick < ticks - 1; tick += 8) checks.push({ tick, firing: [] });
  return trafficTest(settings, { ...story, checks: [...checks, { tick: ticks - 1, firing: [] }] });
}

/** The life of one rule: all is well, then ill, then well again. */
export interface Lifecycle {
  readonly title: string;
  readonly rule: AlertRule;
  readonly before: readonly Part[];
  readonly ill: Omit<Part, 'ticks'>;
  readonly after: Omit<Part, 'ticks'>;
  readonly options?: TrafficOptions;
  /** Evaluations from the beginning of the illness until the condition holds. */
  readonly holdsAfter: number;
  /** Until the value no longer changes, if that is later. */
  readonly steadyAfter?: number;
  /** Evaluations from the end of the illness until the condition certainly does not hold. */
  readonly endsAfter: number;
  /** What fires while it is ill. */
  readonly firing: readonly ExpectedAlert[];
}

/** Not before `for`, then with every word of its texts, for `keep_firing_for` beyond the end, and then no more. */
export function lifecycleTest(settings: MixinSettings, life: Lifecycle): RuleTest {
  const { title, rule, before, holdsAfter, steadyAfter = holdsAfter, endsAfter, firing } = life;
  const wait = ticksIn(settings, rule.forSeconds);
  const keep = ticksIn(settings, rule.keepFiringSeconds ?? 0);
  const onset = ticksOf(before);
  const fires = onset + Math.max(holdsAfter + wait, steadyAfter) + MARGIN;
  const end = fires + 1;
  const gone = end + endsAfter + keep + MARGIN;
  const { severity = '' } = labelsOf(settings, rule);
  return trafficTest(settings, {
    title,
    parts: [...before, { ...life.ill, ticks: end - onset }, { ...life.after, ticks: gone + 1 - end }],
    ...(life.options !== undefined && { options: life.options }),
    checks: [
      { tick: onset - 1, firing: [] },
      { tick: onset + holdsAfter + Math.max(1, Math.floor(wait / 2)), firing: [] },
      { tick: fires, firing },
      { tick: gone, firing: [] },
    ],
    stillFiring: [
      // In time: over a longer window it would come later.
      { tick: onset + holdsAfter + wait + 2, severity },
      ...(keep > endsAfter + 2 ? [{ tick: end + keep - 2, severity }] : []),
    ],
  });
}

export function ticksOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { ticks }) => sum + ticks, 0);
}

export const ABSENT: RuleTest = {
  title: 'stays quiet on absent data',
  series: [],
  checks: [{ tick: 30, firing: [] }],
};
