import type { AlertRule, PackContext } from '../../alert.ts';
import type { Extra } from '../../scenario/traffic.ts';
import { ABSENT, MARGIN, quietTest, trafficTest } from '../lifecycle.ts';
import type { RuleTest } from '../promtool.ts';
import { expectedOf, type ShareUnderTest, shareTests } from '../share-tests.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';
import { type SlowModel, type SlowUnderTest, slowTest } from './slow-tests.ts';

type LatencyAlert = 'LLMTimeToFirstTokenDegraded' | 'LLMNearGatewayTimeout' | 'LLMLatencyDegraded';

const PROVIDER = 'novita';
const INSTANCES = 2;

/** Tests of the alerts on latency. */
export function latencyTests(
  context: PackContext,
  rules: Readonly<Record<LatencyAlert, AlertRule>>,
): Readonly<Record<LatencyAlert, readonly RuleTest[]>> {
  return {
    LLMTimeToFirstTokenDegraded: firstTokenTests(context, rules.LLMTimeToFirstTokenDegraded),
    LLMNearGatewayTimeout: nearTimeoutTests(context, rules.LLMNearGatewayTimeout),
    LLMLatencyDegraded: durationTests(context, rules.LLMLatencyDegraded),
  };
}

function firstTokenTests({ settings }: PackContext, rule: AlertRule): readonly RuleTest[] {
  const subject: SlowUnderTest = {
    rule,
    family: 'llm_time_to_first_token_seconds',
    usual: 'provider_model:llm_time_to_first_token_seconds:median_p95_rate10m',
    level: settings.thresholds.LLMTimeToFirstTokenDegraded.warning,
    flow: (model, firstTokenSeconds, perSecond) => ({ model, stream: true, perSecond, firstTokenSeconds }),
  };
  const healthy = { model: 'steady', stream: true, perSecond: 5, firstTokenSeconds: 3 };
  return [
    slowTest(settings, subject),
    quietTest(settings, {
      title: 'stays quiet on a model that is always slow, and on one that is idle',
      parts: [
        { ticks: 60, flows: [healthy, { ...healthy, model: 'idle' }] },
        { ticks: 60, flows: [healthy] },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet on what does not stream',
      parts: [
        { ticks: 60, flows: [{ model: 'whole', perSecond: 5, seconds: 1 }] },
        { ticks: 60, flows: [{ model: 'whole', perSecond: 5, seconds: 50 }] },
      ],
    }),
    ABSENT,
  ];
}

function durationTests({ settings }: PackContext, rule: AlertRule): readonly RuleTest[] {
  const level = settings.thresholds.LLMLatencyDegraded.warning;
  const subject: SlowUnderTest = {
    rule,
    family: 'llm_request_duration_seconds',
    usual: 'provider_model:llm_request_duration_seconds:median_p95_rate10m',
    level,
    flow: (model, seconds, rate) => ({ model, perSecond: rate, seconds }),
    more: [...byLength(level), ...byOutcome(level)],
  };
  const healthy = { model: 'steady', perSecond: 5, seconds: 18 };
  return [
    slowTest(settings, subject),
    quietTest(settings, {
      title: 'stays quiet on a model that is always slow, and on one that is idle',
      parts: [
        { ticks: 60, flows: [healthy, { ...healthy, model: 'idle' }] },
        { ticks: 60, flows: [healthy] },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet on answers that fail at once',
      parts: [
        { ticks: 60, flows: [healthy] },
        { ticks: 60, flows: [{ ...healthy, mix: { '503 model_overloaded': 0.9 }, failedSeconds: 0.1 }] },
      ],
    }),
    ABSENT,
  ];
}

type DurationLevel = PackContext['settings']['thresholds']['LLMLatencyDegraded']['warning'];

/** Longer answers may take longer: by their tokens, now and usually. */
function byLength(level: DurationLevel): readonly SlowModel[] {
  const { minSeconds, baselineFactor, minTotal, tokensFactor } = level;
  const calm = (0.6 * minSeconds) / baselineFactor;
  const perWindow = 1.5 * minTotal;
  const perSecond = perWindow / level.windowSeconds;
  const ill = 1.6 * minSeconds;
  // Answers of a model in one time, with tokens for each good one.
  const answers = (model: string, tokens: readonly [input: number, output: number], failed = 0) => ({
    extras: tokenExtras(model, tokens, perSecond * (1 - failed)),
    flow: { mix: { '503 model_overloaded': failed } },
  });
  const longer = tokensFactor + 0.2;
  return [
    {
      name: 'model/a-little-longer',
      p95: [calm, calm, calm, ill],
      perWindow,
      fires: true,
      also: [
        answers('model/a-little-longer', [100, 50]),
        answers('model/a-little-longer', [100, 100]),
        answers('model/a-little-longer', [100, 100]),
        answers('model/a-little-longer', [1000, 100 * (0.6 + 0.4 * tokensFactor)]),
      ],
    },
    {
      name: 'model/much-longer',
      p95: [calm, calm, calm, ill],
      perWindow: 2 * perWindow,
      also: [
        answers('model/much-longer', [100, 100 * longer]),
        answers('model/much-longer', [100, 100]),
        answers('model/much-longer', [100, 100]),
        answers('model/much-longer', [100, 100 * longer], 0.5),
      ],
    },
    {
      name: 'model/longer',
      p95: [calm, calm, calm, ill],
      perWindow,
      also: [
        answers('model/longer', [100, 100]),
        answers('model/longer', [100, 100]),
        answers('model/longer', [100, 100]),
        answers('model/longer', [100, 100 * longer]),
      ],
    },
    {
      name: 'model/young-and-longer',
      p95: [undefined, undefined, calm, ill],
      perWindow,
      also: [
        {},
        {},
        answers('model/young-and-longer', [100, 100]),
        answers('model/young-and-longer', [100, 100 * longer]),
      ],
    },
  ];
}

/** Failures have times, too, which are no latency. */
function byOutcome({ minSeconds, baselineFactor, minTotal }: DurationLevel): readonly SlowModel[] {
  const calm = (0.6 * minSeconds) / baselineFactor;
  const ill = 1.6 * minSeconds;
  return [
    // Its failures are slow, and not its answers.
    {
      name: 'model/slow-failures',
      p95: [calm, calm, calm, calm],
      perWindow: 15 * minTotal,
      also: [{}, {}, {}, { flow: { mix: { '504 upstream_timeout': 0.5 }, failedSeconds: 3 * ill } }],
    },
    {
      name: 'model/few-answers',
      p95: [calm, calm, calm, ill],
      perWindow: 1.8 * minTotal,
      also: [{}, {}, {}, { flow: { mix: { '504 upstream_timeout': 0.5 }, failedSeconds: ill } }],
    },
  ];
}

/** Tokens of a model, shared by all instances. */
function tokenExtras(
  model: string,
  [input, output]: readonly [input: number, output: number],
  answersPerSecond: number,
): readonly Extra[] {
  return [['input', input] as const, ['output', output] as const].map(([type, tokens]) => ({
    name: 'llm_tokens_total',
    labels: { provider: PROVIDER, model, token_type: type },
    perSecond: (tokens * answersPerSecond) / INSTANCES,
  }));
}

function nearTimeoutTests({ settings }: PackContext, rule: AlertRule): readonly RuleTest[] {
  const level = settings.thresholds.LLMNearGatewayTimeout.warning;
  const subject: ShareUnderTest = {
    rules: [[rule, level]],
    traffic: (model, { all, bad }) => ({ flows: [{ model, perSecond: all, nearTimeout: bad / all }] }),
    noise: {
      notBad: [(model, perSecond) => ({ flows: [{ model, stream: true, perSecond, nearTimeout: 1 }] })],
      notAll: [
        (model, perSecond) => ({ flows: [{ model, stream: true, perSecond }] }),
        (model, perSecond) => ({ flows: [{ model, perSecond, mix: { '503 model_overloaded': 1 } }] }),
      ],
    },
    incident: (model) => [{ labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model } }],
  };
  const ticks = ticksIn(settings, level.windowSeconds + level.forSeconds) + 2 * MARGIN;
  const mostly = 1 - 0.5 * level.share;
  return [
    ...shareTests(settings, subject),
    trafficTest(settings, {
      title: 'fires on what was not streamed and was good, whatever the rest',
      parts: [
        {
          ticks,
          flows: [
            { model: 'model/mixed', perSecond: 100, nearTimeout: 0.5, mix: { '503 model_overloaded': mostly } },
            { model: 'model/mixed', stream: true, perSecond: 200 },
          ],
        },
      ],
      checks: [{ tick: ticks - 1, firing: expectedOf(settings, subject, [['model/mixed', { all: 2, bad: 1 }]]) }],
    }),
    quietTest(settings, {
      title: 'stays quiet on streams that came near it',
      parts: [
        {
          ticks,
          flows: [
            { model: 'streams', stream: true, perSecond: 10, nearTimeout: 0.5 },
            { model: 'streams', perSecond: 10 },
          ],
        },
      ],
    }),
  ];
}
