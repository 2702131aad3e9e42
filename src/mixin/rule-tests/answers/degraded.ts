import type { AlertRule, PackContext } from '../../alert.ts';
import type { Flow } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { codesOf, levelsOf, SPIKE_ALERTS } from '../../settings/spike-levels.ts';
import { expectedAlert } from '../expected-alert.ts';
import { ABSENT, lifecycleTest, MARGIN, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';

const BUSY = 10;

/** Tests of LLMProviderDegraded: how many models it asks for, and what it asks of each. */
export function degradedTests(context: PackContext, rule: AlertRule): readonly RuleTest[] {
  const { settings } = context;
  const { minModels } = settings.thresholds.LLMProviderDegraded.critical;
  const names = Array.from({ length: minModels }, (_, at) => `m${at}`);
  const story = { context, rule, names };
  return [life(story), ...counts(story), ...edges(story), ABSENT];
}

interface Story {
  readonly context: PackContext;
  readonly rule: AlertRule;
  /** As many models as it asks for. */
  readonly names: readonly string[];
}

interface Failing {
  readonly provider: string;
  readonly model: string;
  readonly perSecond?: number;
  readonly share?: number;
  readonly code?: string;
}

function failing({ provider, model, perSecond = BUSY, share = 0.5, code = '503' }: Failing): Flow {
  return { provider, model, perSecond, mix: { [`${Number(code)} service_unavailable` as const]: share } };
}

function well(provider: string, model = 'well'): Flow {
  return { provider, model, perSecond: BUSY };
}

function expected({ context: { settings, causes }, rule }: Story, provider: string, models: number): ExpectedAlert {
  return expectedAlert(settings, rule, {
    labels: { ...keptLabels(settings, targetLabels(settings)), provider },
    value: models,
    cause: causes.service_unavailable,
  });
}

function life(story: Story): RuleTest {
  const { context, rule, names } = story;
  const { settings } = context;
  const window = ticksIn(settings, settings.windowSeconds.critical);
  const all = [...names.map((model) => well('p', model)), well('p')];
  return lifecycleTest(settings, {
    title: `fires when ${names.length} models fail, outlasts it by keep_firing_for, and resolves`,
    rule,
    before: [{ ticks: 3 * window, flows: all }],
    ill: { flows: [...names.map((model) => failing({ provider: 'p', model })), well('p')] },
    after: { flows: all },
    // Half of the answers are twice what the 503 of a model takes.
    holdsAfter: Math.ceil(window / 2),
    steadyAfter: window,
    endsAfter: window,
    firing: [expected(story, 'p', names.length)],
  });
}

/** What fires, by provider and number of models, once such traffic has lasted. */
function judged(story: Story, title: string, told: readonly [readonly Flow[], Readonly<Record<string, number>>]) {
  const { settings } = story.context;
  const [flows, firing] = told;
  // What is well has been so for a window.
  const lead = ticksIn(settings, settings.windowSeconds.critical) + MARGIN;
  const last = lead + ticksIn(settings, settings.windowSeconds.critical + story.rule.forSeconds) + MARGIN;
  return trafficTest(settings, {
    title,
    parts: [
      { ticks: lead, flows: flows.map((flow) => (flow.mix === undefined ? flow : { ...flow, perSecond: 0 })) },
      { ticks: last + 1 - lead, flows },
    ],
    checks: [
      { tick: lead, firing: [] },
      { tick: last, firing: Object.entries(firing).map(([provider, models]) => expected(story, provider, models)) },
    ],
  });
}

function counts(story: Story): readonly RuleTest[] {
  const { names, context } = story;
  const bad = (provider: string, models: readonly string[]) => models.map((model) => failing({ provider, model }));
  const two = names.slice(0, 2);
  const [first = ''] = names;
  const never = context.settings.neverCriticalModels;
  const guards = mixesNear(context.settings, 1).filter(({ provider }) => provider.startsWith('total'));
  // Requests per second below which a model is none of "all".
  const judgedFrom = Math.min(...guards.map(({ perSecond = BUSY }) => perSecond));
  return [
    judged(story, 'fires when all of two models fail, and counts none without traffic to speak of or without a name', [
      [
        ...bad('all', two),
        ...bad('idle', two),
        { ...well('idle'), perSecond: 0.96 * judgedFrom },
        ...bad('nameless', two),
        ...never.flatMap((model) =>
          (['503', '504'] as const).map((code) => failing({ provider: 'nameless', model, code, share: 0.8 })),
        ),
      ],
      { all: 2, idle: 2, nameless: 2 },
    ]),
    judged(story, `stays quiet when a model fails alone, or fewer than ${names.length} beside one that is well`, [
      [
        ...bad('one', [first]),
        ...bad('fewer', names.slice(1)),
        well('fewer'),
        ...bad('third', two),
        { ...well('third'), perSecond: 1.04 * judgedFrom },
        // One model with both codes is one model.
        { ...well('both', first), mix: { '503 service_unavailable': 0.4, '504 upstream_timeout': 0.4 } },
        well('both'),
      ],
      {},
    ]),
  ];
}

/** Each number of each critical spike, on a provider of its own all of whose models are near that number. */
function edges(story: Story): readonly RuleTest[] {
  const { context, names } = story;
  const near = (factor: number) => mixesNear(context.settings, factor);
  const flows = (factor: number) => near(factor).flatMap((mix) => names.map((model) => failing({ ...mix, model })));
  const all = Object.fromEntries(near(1).map(({ provider }) => [provider, names.length]));
  return [
    judged(story, 'fires just above each number of the critical spikes', [flows(1.04), all]),
    judged(story, 'stays quiet just below each number of the critical spikes', [flows(0.96), {}]),
  ];
}

function mixesNear(settings: MixinSettings, factor: number): readonly Omit<Failing, 'model'>[] {
  const window = settings.windowSeconds.critical;
  return SPIKE_ALERTS.flatMap((name) =>
    levelsOf(settings, name)
      .filter(([severity]) => severity === 'critical')
      .flatMap(([, { share, minBad, minTotal }]) => {
        // Enough answers that only the bad ones are few.
        const total = 1.3 * minTotal;
        return codesOf(settings, name).flatMap((code) => [
          { provider: `share-${code}`, code, share: share * factor },
          { provider: `bad-${code}`, code, perSecond: total / window, share: (minBad * factor) / total },
          { provider: `total-${code}`, code, perSecond: (minTotal * factor) / window, share: 1 },
        ]);
      }),
  );
}
