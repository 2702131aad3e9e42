import type { AlertEntry, AlertRule, PackContext } from '../../alert.ts';
import { burnLimit, burns } from '../../settings/burns.ts';
import { ABSENT, MARGIN, trafficTest } from '../lifecycle.ts';
import type { RuleTest, Series } from '../promtool.ts';
import { ticksIn } from '../target.ts';
import { alertSeries } from './alert-series.ts';
import { ebb, edges, life } from './burn.ts';
import { BUSY, type BurnRule, burning, type Course, FAR_ABOVE, flowsAt, ticksOf } from './burn-course.ts';
import { paced } from './share.ts';

type Tests = Pick<AlertEntry, 'tests' | 'testIntervalSeconds'>;

export function fastBurnTests(context: PackContext, rule: AlertRule): readonly RuleTest[] {
  const one: BurnRule = [rule, burns(context.settings).fast];
  return [
    ...edges(context, [one], one),
    life(context, [one], one),
    ebb(context, [one], one),
    forgets(context, one),
    healthy(context),
    ABSENT,
  ];
}

export function mediumBurnTests(given: PackContext, rule: AlertRule): Tests {
  const context = paced(given, 120);
  const one: BurnRule = [rule, burns(context.settings).medium];
  const tests = [
    ...edges(context, [one], one),
    life(context, [one], one),
    ebb(context, [one], one),
    quietAfterPages(context, one),
    healthy(context),
    ABSENT,
  ];
  return { tests, testIntervalSeconds: context.seconds };
}

/** Both rules at once, since what sets off the first sets off the second. The long window of three days is too long to be filled. */
export function slowBurnTests(given: PackContext, rules: readonly AlertRule[]): Tests {
  const context = paced(given, 300);
  const { slow } = burns(context.settings);
  const all = slow.flatMap((burn, index): BurnRule[] => {
    const rule = rules[index];
    return rule === undefined ? [] : [[rule, burn]];
  });
  const [day, days] = all;
  const tests = [
    ...all.flatMap((one) => edges(context, all, one)),
    ...(day === undefined || days === undefined
      ? []
      : [life(context, all, day), life(context, all, days, 'not filled')]),
    healthy(context),
    ABSENT,
  ];
  return { tests, testIntervalSeconds: context.seconds };
}

/** Failures of longer ago than the window do not add to those of now, which are too short to fire. */
function forgets(context: PackContext, one: BurnRule): RuleTest {
  const [, burn] = one;
  const { long, short } = ticksOf(context, burn);
  const times = [{ ticks: MARGIN }, { ticks: 2 * short }, { ticks: long }, { ticks: short + 2 }];
  const course: Course = {
    model: 'm',
    times: [
      [0, 0.5],
      [BUSY, 0.5],
      [BUSY, 0],
      [BUSY, 1.5 * burnLimit(context.settings, burn)],
    ],
  };
  return trafficTest(context.settings, {
    title: `forgets failures of more than ${burn.long} ago`,
    parts: times.map((time, index) => ({ ...time, flows: flowsAt(context, [course], index) })),
    checks: [{ tick: times.reduce((sum, { ticks }) => sum + ticks, 0) - 1, firing: [] }],
  });
}

function healthy({ settings }: PackContext): RuleTest {
  return trafficTest(settings, {
    title: 'stays quiet on a healthy model',
    parts: [{ ticks: 30, flows: [{ model: 'm', perSecond: BUSY }] }],
    checks: [{ tick: 29, firing: [] }],
  });
}

const PAGES = [
  { alertname: 'LLMApi503SpikeSevere', model: 'severe' },
  { alertname: 'LLMApi504Spike', model: 'timeouts' },
  { alertname: 'LLMErrorBudgetBurnFast', model: 'fast' },
  { alertname: 'LLMMidStreamFailures', model: 'streams' },
  { alertname: 'LLMUpstreamAuthFailing', model: 'key' },
] as const;
const PROVIDER_PAGES = ['LLMProviderUnreachable', 'LLMProviderDegraded'] as const;

/** A page about the model or its provider, a warning, and a page about something else: told as Prometheus would have written them. */
function quietAfterPages(context: PackContext, one: BurnRule): RuleTest {
  const { settings } = context;
  const [, burn] = one;
  const { wait } = ticksOf(context, burn);
  const quiet = ticksIn(settings, settings.thresholds.LLMErrorBudgetBurnMedium.critical.quietSeconds);
  const paged = wait + MARGIN;
  const times = [{ ticks: MARGIN }, { ticks: paged + quiet + wait + 2 * MARGIN }];
  const failing = FAR_ABOVE * burnLimit(settings, burn);
  const course = (model: string): Course => ({
    model,
    times: [
      [0, failing],
      [BUSY, failing],
    ],
  });
  const muted = PAGES.map(({ model }) => course(model));
  const others = ['pending', 'quota', 'warned'].map(course);
  const pending = { ...course('m'), provider: 'pending' };
  const ofProviders = PROVIDER_PAGES.map((provider) => ({ ...course('m'), provider }));
  const end = times.reduce((sum, { ticks }) => sum + ticks, 0) - 1;
  const early = MARGIN + paged + quiet + wait - 3;
  const series = (labels: Readonly<Record<string, string>>) => alertSeries(settings, labels, [MARGIN + paged, end]);
  const critical = settings.severityNames.critical;
  const pages: readonly Series[] = [
    ...PAGES.map(({ alertname, model }) => series({ alertname, model, provider: 'novita', severity: critical })),
    ...PROVIDER_PAGES.map((alertname) => series({ alertname, provider: alertname, severity: critical })),
    series({ alertname: 'LLMApi504Spike', model: 'warned', provider: 'novita', severity: 'warning' }),
    series({
      alertname: 'LLMApi503SpikeSevere',
      alertstate: 'pending',
      provider: 'novita',
      model: 'pending',
      severity: critical,
    }),
    series({ alertname: 'LLMProviderDegraded', alertstate: 'pending', provider: 'pending', severity: critical }),
    series({ alertname: 'LLMApiQuotaExhausted', model: 'quota', provider: 'novita', severity: critical }),
  ];
  const alertsAt = (courses: readonly Course[], tick: number) =>
    courses.map((of) => burning(context, one, of, { times, tick }));
  const test = trafficTest(settings, {
    title: 'stays quiet for a while after a page about the same model or provider, and after no other',
    parts: times.map((time, index) => ({
      ...time,
      flows: flowsAt(context, [...muted, ...others, pending, ...ofProviders], index),
    })),
    checks: [
      { tick: early, firing: alertsAt([...others, pending], early) },
      { tick: end, firing: alertsAt([...muted, ...others, pending, ...ofProviders], end) },
    ],
  });
  return { ...test, series: [...test.series, ...pages] };
}
