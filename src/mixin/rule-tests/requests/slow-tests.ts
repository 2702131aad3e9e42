import { families } from '../../../metrics/families.ts';
import type { AlertRule } from '../../alert.ts';
import type { RecordedName } from '../../recording/recorded.ts';
import type { Flow, Times } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { expectedAlert } from '../expected-alert.ts';
import { lifecycleTest, type Part } from '../lifecycle.ts';
import type { RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';

/** An alert on a p95 that is above a floor and above a multiple of what is usual. */
export interface SlowUnderTest {
  readonly rule: AlertRule;
  readonly family: 'llm_time_to_first_token_seconds' | 'llm_request_duration_seconds';
  readonly usual: RecordedName;
  readonly level: {
    readonly minSeconds: number;
    readonly baselineFactor: number;
    readonly minTotal: number;
    readonly windowSeconds: number;
  };
  /** Answers of a model that take these times. */
  flow(name: string, times: Times, perSecond: number): Flow;
  /** More models, by how slow they are in each time; none of them may fire. */
  readonly more?: readonly SlowModel[];
}

/** The four times of the story, and how slow a model is in each; undefined: it is idle, or not there yet. */
export interface SlowModel {
  readonly name: string;
  readonly p95: readonly [long: Level, recent: Level, lately: Level, ill: Level];
  readonly perWindow: number;
  readonly fires?: boolean;
  /** Anything else about it. */
  readonly also?: readonly [long: Also, recent: Also, lately: Also, ill: Also];
}

type Level = number | undefined;
type Also = Pick<Part, 'extras'> & { readonly flow?: Partial<Flow> };

/**
 * The times before the illness, as factors of the offset of the usual level: the second and third outnumber the first, which the median
 * forgets.
 */
const BEFORE = [2, 3.3, 1.3] as const;

/**
 * Several models live through the same times: each tells one number of the rule from its neighbours. The last time before the illness
 * is all the history that one of them has: with more of the illness in its usual level there would be no alert.
 */
export function slowTest(settings: MixinSettings, subject: SlowUnderTest): RuleTest {
  const { rule, level } = subject;
  const models = modelsOf(subject);
  const part = (time: number, perSecond = 1): Omit<Part, 'ticks'> => ({
    flows: models.flatMap((model) => flowsOf(subject, { model, time, perSecond })),
    extras: models.flatMap(({ also }) => also?.[time]?.extras ?? []),
  });
  const found = (p95: Level) => ({ [subject.usual]: reached(subject, p95 ?? 0) });
  return lifecycleTest(settings, {
    title: 'fires on what is slow and unusually so, and on nothing else',
    rule,
    before: BEFORE.map((factor, time) => ({
      ...part(time),
      ticks: Math.ceil(factor * ticksIn(settings, settings.baseline.offsetSeconds)),
    })),
    ill: part(3),
    after: part(2, 20),
    holdsAfter: ticksIn(settings, level.windowSeconds),
    endsAfter: 5,
    firing: models
      .filter(({ fires }) => fires === true)
      .map(({ name, p95: [, , lately, ill] }) =>
        expectedAlert(settings, rule, {
          labels: { ...keptLabels(settings, targetLabels(settings)), provider: 'novita', model: name },
          value: reached(subject, ill ?? 0),
          found: found(lately),
        }),
      ),
  });
}

function modelsOf({ level, more = [] }: SlowUnderTest): readonly SlowModel[] {
  const { minSeconds: floor, baselineFactor: factor, minTotal } = level;
  const calm = (0.6 * floor) / factor;
  const perWindow = 1.5 * minTotal;
  return [
    { name: 'model/floor', p95: [1.6 * floor, calm, calm, 1.6 * floor], perWindow, fires: true },
    { name: 'model/factor', p95: [floor, floor, floor, 1.6 * factor * floor], perWindow, fires: true },
    { name: 'model/young', p95: [undefined, undefined, calm, 1.6 * floor], perWindow, fires: true },
    { name: 'model/quick', p95: [calm / 2, calm / 2, calm / 2, 0.8 * floor], perWindow },
    { name: 'model/slow', p95: [1.5 * floor, 1.5 * floor, 1.5 * floor, 0.8 * factor * 1.5 * floor], perWindow },
    { name: 'model/unsteady', p95: [calm, 0.9 * floor, 0.9 * floor, 1.6 * floor], perWindow },
    { name: 'model/few', p95: [calm, calm, calm, 1.6 * floor], perWindow: 0.9 * minTotal },
    { name: 'model/new', p95: [undefined, undefined, undefined, 1.6 * floor], perWindow },
    ...more,
  ];
}

function flowsOf(
  subject: SlowUnderTest,
  { model, time, perSecond }: { readonly model: SlowModel; readonly time: number; readonly perSecond: number },
): readonly Flow[] {
  const p95 = model.p95[time];
  if (p95 === undefined) return [];
  const rate = (perSecond * model.perWindow) / subject.level.windowSeconds;
  return [{ ...subject.flow(model.name, spread(subject, p95), rate), ...model.also?.[time]?.flow }];
}

/** Times whose p95, as PromQL interpolates it in its bucket, is this: most in the first bucket, so that a lower quantile is none. */
function spread({ family }: SlowUnderTest, p95: number): readonly (readonly [share: number, seconds: number])[] {
  const [first] = families[family].buckets;
  const { low, high } = bucketOf(family, p95);
  const slow = Math.min(1, 0.05 / (1 - (p95 - low) / (high - low)));
  return [
    [1 - slow, first],
    [slow, high],
  ];
}

/** The p95 that PromQL finds in these times. */
function reached(subject: SlowUnderTest, p95: number): number {
  const { low, high } = bucketOf(subject.family, p95);
  const [, [slow] = [1]] = spread(subject, p95);
  return low + ((high - low) * (slow - 0.05)) / slow;
}

function bucketOf(family: SlowUnderTest['family'], seconds: number): { readonly low: number; readonly high: number } {
  const bounds: readonly number[] = families[family].buckets;
  const at = bounds.findIndex((bound) => seconds <= bound);
  const high = bounds[at];
  const low = bounds[at - 1];
  if (high === undefined || low === undefined) throw new Error(`${seconds} s is outside of the buckets of ${family}`);
  return { low, high };
}
