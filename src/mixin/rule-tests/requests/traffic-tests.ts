import type { AlertRule } from '../../alert.ts';
import type { Extra, Flow } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { expectedAlert } from '../expected-alert.ts';
import { ABSENT, lifecycleTest, type Part, quietTest, ticksOf, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';

const PROVIDER = 'novita';
const INSTANCES = 2;
const HOUR = 3600;

/** Tests of LLMTrafficVanished: a day passes, seen every few minutes. */
export function trafficVanishedTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { minBefore, beforeSeconds, yesterdaySeconds, quietSeconds, forSeconds } =
    settings.thresholds.LLMTrafficVanished.warning;
  const perSecond = (1.5 * minBefore) / beforeSeconds;
  const few = (0.9 * minBefore) / beforeSeconds;
  const flow = (model: string, rate = perSecond): Flow => ({ model, perSecond: rate });
  const ticks = (seconds: number) => ticksIn(settings, seconds);
  const busy = ['model/lost', 'model/busy', 'model/trickle'].map((model) => flow(model));
  // Yesterday at this time, the day between, and the hours before it stops.
  const yesterday = ticks(2 * beforeSeconds);
  const between = ticks(yesterdaySeconds - 3 * beforeSeconds);
  const today = ticks(2 * beforeSeconds);
  const fires = ticks(quietSeconds + forSeconds) + 1;
  const stopped: Omit<Part, 'ticks'> = { flows: [flow('model/busy'), flow('model/trickle', 1 / quietSeconds)] };
  const parts: readonly Part[] = [
    { ticks: yesterday, flows: [...busy, flow('model/few-yesterday', few), flow('model/few-today')] },
    { ticks: between, flows: busy.slice(0, 1) },
    {
      ticks: today,
      flows: [...busy, flow('model/few-yesterday'), flow('model/few-today', few), flow('model/new')],
    },
    { ticks: fires + 1, ...stopped },
    { ticks: 4, flows: busy },
  ];
  const stop = yesterday + between + today;
  const expected = expectedAlert(settings, rule, {
    labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model: 'model/lost' },
    value: perSecond * beforeSeconds,
  });
  return [
    trafficTest(settings, {
      title: 'fires on a model that was busy yesterday and today and is silent now, and ends with the first request',
      parts,
      checks: [
        { tick: stop - 1, firing: [] },
        { tick: stop + ticks(quietSeconds) - 1, firing: [] },
        { tick: stop + fires, firing: [expected] },
        { tick: ticksOf(parts) - 1, firing: [] },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet when the exporters are gone: that is not the traffic',
      parts: [
        { ticks: stop, flows: [flow('model/lost')] },
        { ticks: fires + 4, instances: { 0: 'gone', 1: 'gone' } },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet on work that comes once a day at its time',
      parts: [
        { ticks: ticks(22 * HOUR), flows: [flow('control')] },
        { ticks: ticks(HOUR), flows: [flow('nightly')] },
        { ticks: ticks(3 * HOUR), flows: [flow('control')] },
      ],
    }),
    ABSENT,
  ];
}

/** Tests of LLMCostSpike. */
export function costSpikeTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { minTokensPerSecond: floor, baselineFactor: factor } = settings.thresholds.LLMCostSpike.info;
  // PromQL's seconds are those of `timeScale`, and so are its rates.
  const tokens = (model: string, type: string, perSecond: number): Extra => ({
    name: 'llm_tokens_total',
    labels: { provider: PROVIDER, model, token_type: type },
    perSecond: perSecond / INSTANCES / settings.timeScale,
  });
  const both = (model: string, perSecond: number) => [
    tokens(model, 'input', 0.75 * perSecond),
    tokens(model, 'output', 0.25 * perSecond),
  ];
  const calm = (0.6 * floor) / factor;
  // What the bursty one uses now and then is its usual peak, though not its usual level.
  const usual = (bursty: number): Omit<Part, 'ticks'> => ({
    extras: [
      ...both('model/bursty', bursty),
      ...both('model/floor', calm),
      ...both('model/factor', floor),
      ...both('model/below-floor', calm / 4),
      ...both('model/below-factor', 1.5 * floor),
      ...both('model/cached', calm),
    ],
  });
  const spike: Omit<Part, 'ticks'> = {
    extras: [
      ...both('model/floor', 1.6 * floor),
      ...both('model/factor', 1.6 * factor * floor),
      ...both('model/below-floor', 0.8 * floor),
      ...both('model/below-factor', 0.8 * factor * 1.5 * floor),
      ...both('model/new', 1.6 * floor),
      ...both('model/bursty', 1.6 * floor),
      ...both('model/cached', calm),
      tokens('model/cached', 'cached_input', 10 * factor * floor),
      tokens('model/cached', 'reasoning', 10 * factor * floor),
    ],
  };
  const firing = (model: string, value: number, before: number): ExpectedAlert =>
    expectedAlert(settings, rule, {
      labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model },
      value,
      found: { 'provider_model:llm_tokens:p90_rate5m': before },
    });
  const window = ticksIn(settings, settings.windowSeconds.warning);
  return [
    lifecycleTest(settings, {
      title: 'fires above the floor and above the usual peak, and not just below either',
      rule,
      // Ten times as long as what the spike adds to the usual level until it fires.
      before: [
        { ...usual(calm), ticks: 6 * ticksIn(settings, rule.forSeconds) },
        { ...usual(floor), ticks: 4 * ticksIn(settings, rule.forSeconds) },
      ],
      ill: spike,
      after: usual(calm),
      holdsAfter: window,
      endsAfter: window,
      firing: [firing('model/factor', 1.6 * factor * floor, floor), firing('model/floor', 1.6 * floor, calm)],
    }),
    quietTest(settings, {
      title: 'stays quiet on a model that always uses as much, and on one that is new',
      parts: [{ ticks: 60, extras: both('model/steady', 100 * floor) }],
    }),
    quietTest(settings, {
      title: 'stays quiet when a lifetime counter begins anew',
      parts: [
        { ticks: 60, extras: both('model/steady', 2 * floor) },
        { ticks: 30, extras: both('model/steady', 2 * floor), instances: { 0: 'restarted' } },
      ],
    }),
    ABSENT,
  ];
}
