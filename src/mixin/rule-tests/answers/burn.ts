import type { PackContext } from '../../alert.ts';
import type { Flow } from '../../scenario/traffic.ts';
import { burnLimit } from '../../settings/burns.ts';
import { MARGIN, trafficTest } from '../lifecycle.ts';
import type { RuleTest, StillFiring } from '../promtool.ts';
import { BUSY, type BurnRule, burning, type Course, FAR_ABOVE, failingAt, flowsAt, ticksOf } from './burn-course.ts';

const JUST_BELOW = 0.958;

/** The limit, and the failures that a share must be made of; from the first request on, as no window need be full. */
export function edges(context: PackContext, rules: readonly BurnRule[], [, burn]: BurnRule): readonly RuleTest[] {
  const { settings } = context;
  const limit = burnLimit(settings, burn);
  const { wait } = ticksOf(context, burn);
  const ticks = 3 * wait + 20;
  const times = [{ ticks: MARGIN }, { ticks }];
  const tick = MARGIN + ticks - 1;
  const perSecond = (bad: number, within: number) =>
    bad / within / settings.evaluationIntervalSeconds / (FAR_ABOVE * limit);
  const course = (model: string, rate: number, failing: number): Course => ({
    model,
    times: [
      [0, failing],
      [rate, failing],
    ],
  });
  const test = (
    title: string,
    courses: readonly Course[],
    fires: (course: Course, exceeds: boolean) => boolean,
  ): RuleTest =>
    trafficTest(settings, {
      title,
      parts: times.map((time, index) => ({ ...time, flows: [...flowsAt(context, courses, index), CLIENTS] })),
      checks: [
        { tick: MARGIN + wait - 2, firing: [] },
        {
          tick,
          firing: courses.flatMap((one) =>
            rules
              .filter(([, of]) => fires(one, failingAt(one, 1) > burnLimit(settings, of)))
              .map((rule) => burning(context, rule, one, { times, tick })),
          ),
        },
      ],
    });
  const never = burn.severity === 'critical' ? settings.neverCriticalModels : [];
  return [
    test(
      `fires just above ${burn.factor} times the budget and above ${burn.minBad} failures`,
      [
        { ...course('share', BUSY, 1.04 * limit), kinds: 'all' },
        // Few enough that the failures are enough only when `for` has just time to pass.
        course('bad', perSecond(1.02 * burn.minBad, ticks - wait - MARGIN), FAR_ABOVE * limit),
        ...never.map((model) => course(model, BUSY, 2 * limit)),
      ],
      ({ model }, exceeds) => exceeds && !never.includes(model),
    ),
    test(
      `stays quiet just below ${burn.factor} times the budget and below ${burn.minBad} failures`,
      [
        course('share', BUSY, JUST_BELOW * limit),
        course('bad', perSecond(JUST_BELOW * burn.minBad, ticks), FAR_ABOVE * limit),
      ],
      // The milder rule of the same name may well fire.
      ({ model }, exceeds) => exceeds && model === 'share',
    ),
  ];
}

/** What callers do wrong spends nothing. */
const CLIENTS: Flow = {
  model: 'clients',
  perSecond: BUSY,
  mix: {
    '400 invalid_request': 0.3,
    '401 auth_invalid_key': 0.2,
    '429 rate_limit_rpm': 0.2,
    '499 client_aborted': 0.1,
    '504 gateway_timeout_long_generation': 0.1,
  },
};

/**
 * Health for a long window, twice the limit until it fires, health again: both windows and both times show. A window that is
 * too long for a test is not filled; then it fires when there was as much illness as health.
 */
export function life(
  context: PackContext,
  rules: readonly BurnRule[],
  one: BurnRule,
  filled: 'filled' | 'not filled' = 'filled',
): RuleTest {
  const { settings } = context;
  const [rule, burn] = one;
  const failing = FAR_ABOVE * burnLimit(settings, burn);
  const { long, short, wait } = ticksOf(context, burn);
  const isFilled = filled === 'filled';
  const onset = (isFilled ? long : short) + MARGIN;
  const passes = isFilled ? long / FAR_ABOVE : onset / (FAR_ABOVE - 1);
  const fires = onset + Math.ceil(passes) + wait;
  // Without a full window: so long that the short one ends first.
  const end = fires + MARGIN + (isFilled ? 1 : short);
  const [ends = end] = endsOf(context, [one], { failing, end });
  const over = Math.max(...endsOf(context, rules, { failing, end })) + MARGIN;
  const course: Course = {
    model: 'm',
    times: [
      [BUSY, 0],
      [BUSY, failing],
      [BUSY, 0],
    ],
  };
  const times = [{ ticks: onset }, { ticks: end - onset }, { ticks: over + MARGIN - end }];
  const state = (tick: number, not?: true): StillFiring => ({
    tick,
    severity: settings.severityNames[burn.severity],
    labels: rule.extraLabels ?? {},
    ...(not && { not }),
  });
  // The sums of a full window depend on which Prometheus counts them.
  const told = burning(context, one, course, { times, tick: end - 1 });
  return trafficTest(settings, {
    title: `fires ${filled === 'filled' ? `with ${burn.long}` : 'as soon as there is enough'}, ends with ${burn.short}, and resolves`,
    parts: times.map((time, index) => ({ ...time, flows: flowsAt(context, [course], index) })),
    checks: [
      { tick: onset, firing: [] },
      ...(filled === 'filled' ? [] : [{ tick: end - 1, firing: [told] }]),
      { tick: over, firing: [] },
    ],
    ...(!settings.burnIn && {
      stillFiring: [
        state(fires - 3, true),
        state(fires + MARGIN),
        state(ends - 3),
        ...(rules.length > 1 ? [state(ends + MARGIN, true)] : []),
      ],
    }),
  });
}

/** When each of the rules is over, when so many failed until some moment and none do from there on. */
function endsOf(
  context: PackContext,
  rules: readonly BurnRule[],
  { failing, end }: Readonly<Record<'failing' | 'end', number>>,
): readonly number[] {
  return rules.map(([, burn]) => {
    const { short, keep } = ticksOf(context, burn);
    return end + Math.ceil(short * (1 - burnLimit(context.settings, burn) / failing)) + keep;
  });
}

/** The short window alone decides: errors that go on just above the limit, and just below it; and the end of both. */
export function ebb(context: PackContext, rules: readonly BurnRule[], [, burn]: BurnRule): RuleTest {
  const { settings } = context;
  const limit = burnLimit(settings, burn);
  const { short, wait, keep } = ticksOf(context, burn);
  const over = Math.max(...rules.map(([, of]) => ticksOf(context, of).short)) + keep + MARGIN;
  const times = [MARGIN, 2 * (short + wait), short + keep + 2 * MARGIN, over].map((ticks) => ({ ticks }));
  const end = times.reduce((sum, { ticks }) => sum + ticks, 0) - 1;
  const tick = end - over;
  const course = (model: string, near: number): Course => ({
    model,
    times: [
      [0, FAR_ABOVE * limit],
      [BUSY, FAR_ABOVE * limit],
      [BUSY, near * limit],
      [BUSY, 0],
    ],
  });
  const courses = [course('above', 1.04), course('below', JUST_BELOW)];
  return trafficTest(settings, {
    title: `ends when ${burn.short} are below its limit, whatever ${burn.long} say`,
    parts: times.map((time, index) => ({ ...time, flows: flowsAt(context, courses, index) })),
    checks: [
      {
        tick,
        firing: courses.flatMap((one) =>
          rules
            .filter(([, of]) => failingAt(one, 2) > burnLimit(settings, of))
            .map((rule) => burning(context, rule, one, { times, tick })),
        ),
      },
      { tick: end, firing: [] },
    ],
  });
}
