import type { AlertRule, PackContext } from '../../alert.ts';
import { causesNamed, failureCauses } from '../../causes.ts';
import { objectiveSeconds } from '../../recording/objective.ts';
import type { Flow } from '../../scenario/traffic.ts';
import { type Burn, burnLimit } from '../../settings/burns.ts';
import { expectedAlert } from '../expected-alert.ts';
import type { ExpectedAlert } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';
import { answerOf, firstPart, spread } from './share.ts';

const PROVIDER = 'novita';
export const BUSY = 10;
/** Far above a limit, and no round number: a budget then lasts no whole second, which rounding could turn into the one before. */
export const FAR_ABOVE = 1.9;

/** A rule on a burn and its numbers; those of one name are tested together, because one traffic may set off several. */
export type BurnRule = readonly [rule: AlertRule, burn: Burn];

/** A time of a story, in evaluations. */
export interface Time {
  readonly ticks: number;
}

/** What one model gets in each of the times: requests per second, and the part of them that fails. */
export interface Course {
  readonly provider?: string;
  readonly model: string;
  /** Failures of every kind that spends the budget, so that each is needed to pass a limit; else of one, which is cheaper. */
  readonly kinds?: 'all';
  readonly times: readonly (readonly [perSecond: number, failing: number])[];
}

function failuresOf({ causes }: PackContext, { kinds }: Course) {
  const all = causesNamed(causes, failureCauses(causes)).map(answerOf);
  return kinds === 'all' ? all : all.slice(0, 1);
}

export function flowsAt(context: PackContext, courses: readonly Course[], index: number): readonly Flow[] {
  return courses.map((course) => {
    const { provider = PROVIDER, model, times } = course;
    const [perSecond, failing] = times[index] ?? [0, 0];
    return { provider, model, perSecond, mix: spread(failuresOf(context, course), failing) };
  });
}

export function failingAt({ times }: Course, index: number): number {
  return times[index]?.[1] ?? 0;
}

/** Sums of a course over the last so many evaluations until one of them, that included. */
function sumsOf(context: PackContext, course: Course, span: Span) {
  const every = context.settings.evaluationIntervalSeconds;
  let [all, bad, from] = [0, 0, 0];
  for (const [index, { ticks }] of span.times.entries()) {
    const [perSecond, failing] = course.times[index] ?? [0, 0];
    const within = Math.min(from + ticks, span.tick + 1) - Math.max(from, span.tick + 1 - span.ticks);
    all += Math.max(0, within) * perSecond * every;
    bad += Math.max(0, within) * perSecond * every * failing;
    from += ticks;
  }
  return { all, bad };
}

interface Span {
  readonly times: readonly Time[];
  readonly tick: number;
  readonly ticks: number;
}

/** The alert of a rule on a course, when it fires at that evaluation. */
export function burning(
  context: PackContext,
  [rule, burn]: BurnRule,
  course: Course,
  at: Pick<Span, 'times' | 'tick'>,
): ExpectedAlert {
  const { settings, causes } = context;
  const inWindow = (window: Burn['long']) =>
    sumsOf(context, course, { ...at, ticks: ticksIn(settings, objectiveSeconds(settings, window)) });
  const { all, bad } = inWindow(burn.long);
  const [main] = failureCauses(causes);
  if (main === undefined) throw new Error('no cause spends the budget');
  const causeWindow = burn.long === '1h' ? '1h' : '6h';
  return expectedAlert(settings, rule, {
    labels: {
      ...keptLabels(settings, targetLabels(settings)),
      provider: course.provider ?? PROVIDER,
      model: course.model,
    },
    value: bad / all,
    cause: causes[main],
    found: {
      [`provider_model_cause:llm_requests_failed:increase${causeWindow}` as const]:
        inWindow(causeWindow).bad * firstPart(failuresOf(context, course)),
      [`provider_model:llm_error_budget_lifetime_seconds:increase${burn.long}` as const]:
        ((all / bad) * 30 * 86_400 * burnLimit(settings, burn)) / burn.factor,
    },
  });
}

interface Ticks {
  readonly long: number;
  readonly short: number;
  readonly wait: number;
  readonly keep: number;
}

export function ticksOf({ settings }: PackContext, burn: Burn): Ticks {
  return {
    long: ticksIn(settings, objectiveSeconds(settings, burn.long)),
    short: ticksIn(settings, objectiveSeconds(settings, burn.short)),
    wait: ticksIn(settings, burn.forSeconds),
    keep: ticksIn(settings, burn.keepFiringSeconds),
  };
}
