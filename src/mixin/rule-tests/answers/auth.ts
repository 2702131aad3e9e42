import type { AlertRule, PackContext } from '../../alert.ts';
import { causesNamed } from '../../causes.ts';
import { AUTH_CAUSES } from '../../recording/causes.ts';
import type { Flow } from '../../scenario/traffic.ts';
import { expectedAlert } from '../expected-alert.ts';
import { MARGIN, type Part, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';
import { alertSeries } from './alert-series.ts';
import { answerOf, firstPart, shareTests, spread } from './share.ts';

const PROVIDER = 'novita';
const BUSY = 10;

/** A gateway's own key is an ordinary share. Any key is judged by what was before, so its stories begin an hour earlier. */
export function upstreamAuthTests(context: PackContext, rule: AlertRule): readonly RuleTest[] {
  const { settings, causes } = context;
  const { share, minBad, forSeconds, keepFiringSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const cause = causes.gateway_credentials_invalid;
  const [ofGateway, quiet] = [
    shareTests({
      settings,
      levels: [[rule, { share, minBad, forSeconds, keepFiringSeconds }]],
      windowSeconds: settings.windowSeconds.warning,
      of: ' on a gateway key',
      traffic: ({ name: model, perSecond, share: part, restFails }) => ({
        flows: [
          {
            model,
            perSecond,
            mix: { [answerOf(cause)]: part, ...(restFails && { '400 invalid_request': 0.999 * (1 - part) }) },
          },
        ],
      }),
      labels: (model) => ({ provider: PROVIDER, model }),
      told: (count) => ({ cause, found: { 'provider_model_code_cause:llm_requests:increase5m': count } }),
      otherwise: [{ model: 'm', perSecond: BUSY, mix: { '403 blocked_by_waf': 0.5, '400 invalid_request': 0.5 } }],
    }),
    quietTraffic(context),
  ] as const;
  const story = { context, rule };
  return [...ofGateway, edges(story, ABOVE), edges(story, BELOW), lasts(story), ...remembers(story), quiet];
}

interface Story {
  readonly context: PackContext;
  readonly rule: AlertRule;
}

/** Ways in which a model comes near one of the numbers: what it got before, and what it gets now. */
interface Turn {
  readonly model: string;
  readonly before: number;
  readonly perSecond: number;
  /** Of the refused answers. */
  readonly share: number;
  /** Of other failures. */
  readonly others?: number;
}

const ABOVE = 1.04;
const BELOW = 0.96;
/** Long enough for all numbers, short enough that the successes of before are remembered. */
const LEAD_SECONDS = 900;

/** So many of the answers refuse a key or its rights, in every way there is. */
export function refusedMix({ causes }: PackContext, share: number): NonNullable<Flow['mix']> {
  return spread(causesNamed(causes, AUTH_CAUSES).map(answerOf), share);
}

/** Such traffic for a time in seconds. */
export function partOf(context: PackContext, seconds: number, flows: readonly Flow[]): Part {
  return { ticks: ticksIn(context.settings, seconds), flows };
}

function firing({ context, rule }: Story, { model, perSecond, share }: Turn): ExpectedAlert {
  const { settings, causes } = context;
  const count = perSecond * share * settings.windowSeconds.warning * firstPart(AUTH_CAUSES);
  return expectedAlert(settings, rule, {
    labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model },
    value: share,
    cause: causes[AUTH_CAUSES[0]],
    found: { 'provider_model_code_cause:llm_requests:increase5m': count },
  });
}

function turnsNear({ settings }: PackContext, near: number): readonly Turn[] {
  const { allShare, minBad, minBefore, rememberSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const window = settings.windowSeconds.warning;
  // Successes that have fallen less than the share of the refusals says, because refused callers ask more often.
  const usual = (BUSY * LEAD_SECONDS) / rememberSeconds;
  const few = Math.min(1, 1.03 * allShare);
  const left = (1 - allShare) * usual * (near > 1 ? 0.8 : 1.3);
  return [
    { model: 'share', before: 20 * BUSY, perSecond: BUSY, share: allShare * near },
    { model: 'bad', before: BUSY, perSecond: (minBad * near) / few / window, share: few, others: 1 - few },
    // A window that is not full is stretched by half an interval.
    { model: 'before', before: (minBefore * (near > 1 ? 1.1 : 0.85)) / LEAD_SECONDS, perSecond: BUSY, share: 1 },
    { model: 'left', before: BUSY, perSecond: 100 * BUSY, share: 1 - left / (100 * BUSY) },
  ];
}

/** Each number of the second condition: the share, the refusals, the successes before, and how many of those are left. */
function edges(story: Story, near: number): RuleTest {
  const { context, rule } = story;
  const { settings } = context;
  const turns = turnsNear(context, near);
  const before = partOf(
    context,
    LEAD_SECONDS,
    turns.map(({ model, before: perSecond }) => ({ model, perSecond, mix: {} })),
  );
  const now = partOf(
    context,
    settings.windowSeconds.warning + rule.forSeconds + MARGIN * settings.evaluationIntervalSeconds,
    turns.map(({ model, perSecond, share, others = 0 }) => ({
      model,
      perSecond,
      mix: { ...refusedMix(context, share), '400 invalid_request': others },
    })),
  );
  const last = before.ticks + now.ticks - 1;
  return trafficTest(settings, {
    title: near > 1 ? 'fires just above each number on any key' : 'stays quiet just below each number on any key',
    parts: [before, now],
    checks: [
      { tick: before.ticks, firing: [] },
      { tick: last, firing: near > 1 ? turns.map((turn) => firing(story, turn)) : [] },
    ],
  });
}

/** Beyond the memory of any success, until the first ones come. */
function lasts(story: Story): RuleTest {
  const { context, rule } = story;
  const { settings } = context;
  const { rememberSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const well = { model: 'm', perSecond: BUSY };
  const parts = [
    partOf(context, LEAD_SECONDS, [well]),
    partOf(context, rememberSeconds + 1800, [{ ...well, mix: refusedMix(context, 1) }]),
    partOf(context, settings.windowSeconds.warning + (rule.keepFiringSeconds ?? 0) + 300, [well]),
  ] as const;
  const [before, during] = parts;
  const end = before.ticks + during.ticks;
  return trafficTest(settings, {
    title: 'lasts for as long as nothing gets through, and resolves when it does',
    parts,
    checks: [
      {
        tick: before.ticks + ticksIn(settings, settings.windowSeconds.warning + rule.forSeconds) + MARGIN,
        firing: [firing(story, { model: 'm', before: BUSY, perSecond: BUSY, share: 1 })],
      },
      { tick: end + parts[2].ticks - 1, firing: [] },
    ],
    stillFiring: [end - 1],
  });
}

/** Successes that ended long ago say nothing of the key; those of less than `rememberSeconds` ago do. */
function remembers(story: Story): readonly RuleTest[] {
  const { context, rule } = story;
  const { settings } = context;
  const { rememberSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const now = settings.windowSeconds.warning + rule.forSeconds + MARGIN * settings.evaluationIntervalSeconds;
  const turn = { model: 'm', before: BUSY, perSecond: BUSY, share: 1 };
  const told = (idleSeconds: number, alerts: readonly ExpectedAlert[], title: string) => {
    const parts = [
      partOf(context, 300, [{ model: 'm', perSecond: BUSY }]),
      partOf(context, idleSeconds, [{ model: 'm', perSecond: 0 }]),
      partOf(context, now, [{ model: 'm', perSecond: BUSY, mix: refusedMix(context, 1) }]),
    ];
    const last = parts.reduce((sum, { ticks }) => sum + ticks, 0) - 1;
    return trafficTest(settings, { title, parts, checks: [{ tick: last, firing: alerts }] });
  };
  return [
    told(0.75 * rememberSeconds, [firing(story, turn)], 'remembers successes of before a pause'),
    told(1.2 * rememberSeconds, [], 'stays quiet when successes are too long ago to tell of the key'),
  ];
}

/** One caller with a wrong key among good traffic, however busy; and a key that never was good. */
function quietTraffic(context: PackContext): RuleTest {
  const { settings } = context;
  const loops = { model: 'loops', perSecond: 50 * BUSY, mix: refusedMix(context, 0.98) };
  const parts = [
    partOf(context, LEAD_SECONDS, [{ model: 'loops', perSecond: BUSY }]),
    partOf(context, LEAD_SECONDS, [loops, { model: 'never', perSecond: BUSY, mix: refusedMix(context, 1) }]),
  ];
  const ticks = parts.reduce((sum, part) => sum + part.ticks, 0);
  const test = trafficTest(settings, {
    title: 'stays quiet on one caller in a loop among good traffic, and on a key that never was good',
    parts,
    checks: [
      { tick: Math.floor(0.75 * ticks), firing: [] },
      { tick: ticks - 1, firing: [] },
    ],
  });
  const alert = (alertname: string, alertstate: 'firing' | 'pending') =>
    alertSeries(settings, { alertname, alertstate, provider: PROVIDER, model: 'never' }, [ticks, ticks]);
  // It is held by its own firing only.
  return {
    ...test,
    series: [...test.series, alert('LLMApi503Spike', 'firing'), alert('LLMUpstreamAuthFailing', 'pending')],
  };
}
