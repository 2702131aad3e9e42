import type { AlertEntry, AlertRule, PackContext } from '../../alert.ts';
import { AUTH_CAUSES } from '../../recording/causes.ts';
import type { Flow } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { expectedAlert } from '../expected-alert.ts';
import { ABSENT, MARGIN, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';
import { partOf, refusedMix } from './auth.ts';
import { paced } from './share.ts';

const BUSY = 10;

/** Of all models of a provider, against its own usual number. */
export function clientAuthTests(
  given: PackContext,
  rule: AlertRule,
): Pick<AlertEntry, 'tests' | 'testIntervalSeconds'> {
  const context = paced(given, 60);
  const { settings } = context;
  const { minBad, baselineFactor, windowSeconds } = settings.thresholds.LLMClientAuthBurst.info;
  const usual = minBad / 2;
  const near = (factor: number) => [
    { provider: 'never', usual: 0, count: minBad * factor },
    { provider: 'usual', usual, count: baselineFactor * usual * factor },
  ];
  const tests = [
    burst(context, rule, { title: 'fires just above its number and its usual level', told: near(1.04), fires: true }),
    burst(context, rule, { title: 'stays quiet just below both', told: near(0.96), fires: false }),
    burstLife(context, rule, 2 * minBad),
    firesUnknown(context, rule, 40 * minBad),
    otherRefusals(settings, windowSeconds + rule.forSeconds),
    ABSENT,
  ];
  return { tests, testIntervalSeconds: context.seconds };
}

interface Burst {
  readonly title: string;
  readonly told: readonly { readonly provider: string; readonly usual?: number; readonly count: number }[];
  readonly fires: boolean;
}

/** So many refusals of every kind in a window, on two models beside successes. */
function refusals(context: PackContext, provider: string, count: number): readonly Flow[] {
  const { windowSeconds } = context.settings.thresholds.LLMClientAuthBurst.info;
  return ['a', 'b'].map((model) => ({
    provider,
    model,
    perSecond: count / windowSeconds,
    mix: refusedMix(context, 0.5),
  }));
}

function burstFiring({ settings, causes }: PackContext, rule: AlertRule, told: Burst['told'][number]): ExpectedAlert {
  return expectedAlert(settings, rule, {
    labels: { ...keptLabels(settings, targetLabels(settings)), provider: told.provider },
    value: told.count,
    cause: causes[AUTH_CAUSES[0]],
    ...(told.usual !== undefined && { found: { 'provider:llm_requests_unauthorized:p90_increase10m': told.usual } }),
  });
}

function burst(context: PackContext, rule: AlertRule, { title, told, fires }: Burst): RuleTest {
  const { settings } = context;
  const { windowSeconds } = settings.thresholds.LLMClientAuthBurst.info;
  const usual = partOf(
    context,
    usualSeconds(settings),
    told.flatMap(({ provider, usual: level = 0 }) => refusals(context, provider, level)),
  );
  const bursts = partOf(
    context,
    windowSeconds + rule.forSeconds + MARGIN * settings.evaluationIntervalSeconds,
    told.flatMap((one) => refusals(context, one.provider, one.count)),
  );
  const last = usual.ticks + bursts.ticks - 1;
  const alerts = fires ? told.map((one) => burstFiring(context, rule, one)) : [];
  return trafficTest(settings, {
    title,
    parts: [usual, bursts],
    checks: [
      { tick: usual.ticks, firing: [] },
      { tick: last, firing: alerts },
    ],
  });
}

/** So long that what of a burst is old enough to count as usual is less than the tenth of it that does not matter. */
function usualSeconds({ baseline, thresholds }: MixinSettings): number {
  return 3 * baseline.offsetSeconds + 3 * thresholds.LLMClientAuthBurst.info.windowSeconds;
}

/** So many that the number alone is passed at once, and `for` is over before the burst itself counts as usual. */
function firesUnknown(context: PackContext, rule: AlertRule, count: number): RuleTest {
  const { settings } = context;
  const { windowSeconds } = settings.thresholds.LLMClientAuthBurst.info;
  const lasts = Math.max(windowSeconds, rule.forSeconds) + MARGIN * settings.evaluationIntervalSeconds;
  const parts = [
    partOf(context, MARGIN * settings.evaluationIntervalSeconds, refusals(context, 'p', 0)),
    partOf(context, lasts, refusals(context, 'p', count)),
  ] as const;
  const last = parts[0].ticks + parts[1].ticks - 1;
  return trafficTest(settings, {
    title: 'fires on a provider of which nothing is known',
    parts,
    checks: [{ tick: last, firing: [burstFiring(context, rule, { provider: 'p', count })] }],
  });
}

function burstLife(context: PackContext, rule: AlertRule, count: number): RuleTest {
  const { settings } = context;
  const { windowSeconds } = settings.thresholds.LLMClientAuthBurst.info;
  const [window, wait, keep] = [windowSeconds, rule.forSeconds, rule.keepFiringSeconds ?? 0].map((seconds) =>
    ticksIn(settings, seconds),
  ) as [number, number, number]; // Safe: as many as go in.
  const half = Math.ceil(window / 2);
  const idle = refusals(context, 'p', 0);
  const onset = ticksIn(settings, usualSeconds(settings));
  const end = onset + half + wait + MARGIN;
  return trafficTest(settings, {
    title: 'fires half a window after twice its number begins, outlasts it by keep_firing_for, and resolves',
    parts: [
      { ticks: onset, flows: idle },
      { ticks: end - onset, flows: refusals(context, 'p', count) },
      { ticks: half + keep + 2 * MARGIN, flows: idle },
    ],
    checks: [
      { tick: onset + half + wait - 2, firing: [] },
      { tick: end - 1, firing: [burstFiring(context, rule, { provider: 'p', usual: 0, count })] },
      { tick: end + half + keep + MARGIN, firing: [] },
    ],
    stillFiring: [onset + half + wait + 2, end + half + keep - 3],
  });
}

function otherRefusals(settings: MixinSettings, seconds: number): RuleTest {
  const mix = {
    '401 gateway_credentials_invalid': 0.3,
    '403 blocked_by_waf': 0.3,
    '400 invalid_request': 0.3,
  } as const;
  const ticks = ticksIn(settings, seconds) + MARGIN;
  return trafficTest(settings, {
    title: 'stays quiet on refusals that are not about the key of a caller',
    parts: [{ ticks, flows: [{ model: 'm', perSecond: BUSY, mix }] }],
    checks: [{ tick: ticks - 1, firing: [] }],
  });
}
