import type { AlertEntry, AlertRule, PackContext } from '../../alert.ts';
import { causesNamed, failureCauses } from '../../causes.ts';
import type { Flow } from '../../scenario/traffic.ts';
import { expectedAlert } from '../expected-alert.ts';
import { ABSENT, MARGIN, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';
import { answerOf, firstPart, paced, spread } from './share.ts';

type Tests = Pick<AlertEntry, 'tests' | 'testIntervalSeconds'>;
const BUSY = 10;

/** Few requests, of which most fail, for hours. */
export function lowVolumeTests(given: PackContext, rule: AlertRule): Tests {
  const context = paced(given, 300);
  const { settings } = context;
  const { share, minBad, maxTotal } = settings.thresholds.LLMLowVolumeSustainedErrors.warning;
  const [wait, keep] = [ticksIn(settings, rule.forSeconds), ticksIn(settings, rule.keepFiringSeconds ?? 0)];
  const ticks = 3 * wait + 20;
  const few = (count: number) => count / ticks / settings.evaluationIntervalSeconds;
  const last = MARGIN + ticks - 1;
  const fires: readonly Few[] = [
    { model: 'share', kinds: 'all', perSecond: few(0.5 * maxTotal), share: 1.04 * share },
    { model: 'bad', perSecond: few((1.02 * minBad * ticks) / (ticks - wait - MARGIN)), share: 1 },
    { model: 'total', perSecond: few(0.96 * maxTotal), share: 1 },
  ];
  const quiet = [
    { model: 'share', perSecond: few(0.5 * maxTotal), share: 0.96 * share },
    { model: 'bad', perSecond: few(0.96 * minBad), share: 1 },
    // Beyond it before `for` is over.
    { model: 'total', perSecond: few((maxTotal * ticks) / (wait - 1)), share: 1 },
  ];
  const told = (title: string, courses: readonly Few[], alerts: readonly Few[]): RuleTest =>
    trafficTest(settings, {
      title,
      parts: [
        { ticks: MARGIN, flows: courses.map((one) => fewFlow(context, { ...one, perSecond: 0 })) },
        { ticks, flows: [...courses.map((one) => fewFlow(context, one)), CALLER] },
      ],
      checks: [
        { tick: MARGIN + wait - 2, firing: [] },
        // What passes the number of all answers resolves before the end.
        ...(alerts.length === 0 ? [{ tick: MARGIN + wait + MARGIN, firing: [] }] : []),
        { tick: last, firing: alerts.map((one) => fewAlert(context, rule, one, ticks)) },
      ],
    });
  const tests = [
    told('fires just within each number', fires, fires),
    told('stays quiet just beyond each number', quiet, []),
    life(context, rule, { wait, keep }),
    forgets(context, rule, wait),
    trafficTest(settings, {
      title: 'stays quiet on a model that is seldom asked and well',
      parts: [{ ticks: wait + 2 * MARGIN, flows: [fewFlow(context, { model: 'm', perSecond: 0.01, share: 0.1 })] }],
      checks: [{ tick: wait + 2 * MARGIN - 1, firing: [] }],
    }),
    ABSENT,
  ];
  return { tests, testIntervalSeconds: context.seconds };
}

interface Few {
  readonly model: string;
  /** Failures of every kind that counts; else of one, which is cheaper. */
  readonly kinds?: 'all';
  readonly perSecond: number;
  readonly share: number;
}

/** In an incident, and after a flood of good answers. */
function life(
  context: PackContext,
  rule: AlertRule,
  { wait, keep }: Readonly<Record<'wait' | 'keep', number>>,
): RuleTest {
  const { settings } = context;
  const few = { model: 'm', perSecond: 0.01, share: 0.9 };
  const end = MARGIN + wait + 2 * MARGIN;
  return trafficTest(settings, {
    title: 'fires, outlasts its condition by keep_firing_for, and resolves',
    parts: [
      { ticks: MARGIN, flows: [fewFlow(context, { ...few, perSecond: 0 })] },
      { ticks: end - MARGIN, flows: [fewFlow(context, few)] },
      { ticks: keep + 2 * MARGIN, flows: [{ model: 'm', perSecond: BUSY }] },
    ],
    checks: [
      { tick: MARGIN + wait - 2, firing: [] },
      { tick: end - 1, firing: [fewAlert(context, rule, few, end - MARGIN)] },
      { tick: end + keep + MARGIN, firing: [] },
    ],
    stillFiring: [end + keep - 2],
  });
}

/** Successes of this morning do not hide the failures of the afternoon. */
function forgets(context: PackContext, rule: AlertRule, wait: number): RuleTest {
  const { settings } = context;
  const few = { model: 'm', perSecond: 0.01, share: 1 };
  const hour = ticksIn(settings, 3600);
  const ill = wait + 2 * MARGIN;
  const times = [hour, Math.ceil(6.3 * hour), ill] as const;
  return trafficTest(settings, {
    title: 'forgets successes of more than six hours ago',
    parts: [
      { ticks: times[0], flows: [{ model: 'm', perSecond: 0.03 }] },
      { ticks: times[1], flows: [{ model: 'm', perSecond: 0 }] },
      { ticks: times[2], flows: [fewFlow(context, few)] },
    ],
    checks: [{ tick: times[0] + times[1] + ill - 1, firing: [fewAlert(context, rule, few, ill)] }],
  });
}

const CALLER: Flow = {
  model: 'caller',
  perSecond: 0.005,
  mix: { '400 invalid_request': 0.5, '429 rate_limit_rpm': 0.5 },
};

function answersOf({ causes }: PackContext, { kinds }: Few) {
  const all = causesNamed(causes, failureCauses(causes)).map(answerOf);
  return kinds === 'all' ? all : all.slice(0, 1);
}

function fewFlow(context: PackContext, few: Few): Flow {
  const { model, perSecond, share } = few;
  return { model, perSecond, mix: spread(answersOf(context, few), share) };
}

function fewAlert(context: PackContext, rule: AlertRule, few: Few, ticks: number): ExpectedAlert {
  const { settings, causes } = context;
  const { model, perSecond, share } = few;
  const [main] = failureCauses(causes);
  if (main === undefined) throw new Error('no cause spends the budget');
  const bad = perSecond * share * ticks * settings.evaluationIntervalSeconds;
  return expectedAlert(settings, rule, {
    labels: { ...keptLabels(settings, targetLabels(settings)), provider: 'novita', model },
    value: share,
    cause: causes[main],
    found: { 'provider_model_cause:llm_requests_failed:increase6h': bad * firstPart(answersOf(context, few)) },
  });
}
