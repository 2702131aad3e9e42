import { CAUSES } from '../../../classify/causes.ts';
import type { AlertRule, PackContext } from '../../alert.ts';
import { failureCauses } from '../../causes.ts';
import type { Answer, Flow } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { MARGIN, quietTest, trafficTest } from '../lifecycle.ts';
import type { RuleTest } from '../promtool.ts';
import { expectedOf, type Mix, type ShareUnderTest, shareTests } from '../share-tests.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';

const PROVIDER = 'novita';

/** Tests of LLMMidStreamFailures. */
export function streamsTests(context: PackContext, rules: readonly AlertRule[]): readonly RuleTest[] {
  const { settings, causes } = context;
  const failures = failureCauses(causes);
  const subject = underTest(context, rules);
  const ticks = longEnough(settings);
  const stream = (model: string, answer: Answer, share = 0.5): Flow => ({
    model,
    stream: true,
    perSecond: 10,
    mix: { [answer]: share },
  });
  // Some of the list: each costs a query and an advice at every evaluation.
  const some = failures.filter((_, index) => index % 4 === 0);
  return [
    ...shareTests(settings, subject),
    trafficTest(settings, {
      title: 'fires on every kind of failure, and says which',
      parts: [{ ticks, flows: some.map((cause) => stream(cause, `200 ${cause}`)) }],
      checks: [
        {
          tick: ticks - 1,
          firing: some.flatMap((cause) =>
            expectedOf(settings, underTest(context, rules, cause), [[cause, { all: 10, bad: 5 }]]),
          ),
        },
      ],
    }),
    trafficTest(settings, {
      title: 'fires on what began, whatever was refused and whatever was no stream',
      parts: [
        {
          ticks,
          flows: [
            {
              ...stream('model/mixed', '503 model_overloaded', 0.9),
              mix: { '503 model_overloaded': 0.9, '200 stream_interrupted': 0.05 },
            },
            { model: 'model/mixed', perSecond: 100 },
          ],
        },
      ],
      checks: [{ tick: ticks - 1, firing: expectedOf(settings, subject, [['model/mixed', { all: 1, bad: 0.5 }]]) }],
    }),
    quietTest(settings, {
      title: 'stays quiet on what is no failure, no stream or has not begun',
      parts: [
        {
          ticks,
          flows: [
            ...CAUSES.filter((cause) => !failures.includes(cause) && cause !== 'none').map((cause) =>
              stream(cause, `200 ${cause}`),
            ),
            stream('refused', '503 model_overloaded'),
            { model: 'whole', perSecond: 10, mix: { '200 internal_error': 0.5 } },
          ],
        },
      ],
    }),
    ...unknownModel(context, rules),
  ];
}

/** Until each of its levels fires and its window is full of steady traffic. */
function longEnough(settings: MixinSettings): number {
  const { forSeconds } = settings.thresholds.LLMMidStreamFailures.warning;
  return ticksIn(settings, settings.windowSeconds.warning + forSeconds) + 2 * MARGIN;
}

/** Warns only. */
function unknownModel({ settings, causes }: PackContext, rules: readonly AlertRule[]): readonly RuleTest[] {
  const [model] = settings.neverCriticalModels;
  if (model === undefined) return [];
  const mild = rules.filter(({ severity }) => severity !== 'critical');
  const ticks = longEnough(settings);
  const subject = underTest({ settings, causes }, mild);
  return [
    trafficTest(settings, {
      title: `never pages for model "${model}"`,
      parts: [{ ...subject.traffic(model, { all: 10, bad: 5 }), ticks }],
      checks: [{ tick: ticks - 1, firing: expectedOf(settings, subject, [[model, { all: 10, bad: 5 }]]) }],
    }),
  ];
}

function underTest(
  { settings, causes }: PackContext,
  rules: readonly AlertRule[],
  cause: ReturnType<typeof failureCauses>[number] = 'stream_interrupted',
): ShareUnderTest {
  const levels = settings.thresholds.LLMMidStreamFailures;
  const { windowSeconds } = settings;
  return {
    rules: rules.map((rule) => {
      const severity = rule.severity === 'critical' ? 'critical' : 'warning';
      return [rule, { ...levels[severity], windowSeconds: windowSeconds[severity] }];
    }),
    // Half of them in a log that does not tell streams apart.
    traffic: (model, { all, bad }: Mix) => ({
      flows: ([true, 'unknown'] as const).map((stream) => ({
        model,
        stream,
        perSecond: all / 2,
        mix: { [`200 ${cause}` as Answer]: bad / all },
      })),
    }),
    noise: {
      notBad: [
        (model, perSecond) => ({ flows: [{ model, stream: true, perSecond, mix: { [`503 ${cause}` as Answer]: 1 } }] }),
        (model, perSecond) => ({ flows: [{ model, perSecond, mix: { [`200 ${cause}` as Answer]: 1 } }] }),
      ],
      notAll: [
        (model, perSecond) => ({ flows: [{ model, stream: true, perSecond, mix: { '503 model_overloaded': 1 } }] }),
        (model, perSecond) => ({ flows: [{ model, perSecond }] }),
      ],
    },
    incident: (model, { bad }) => [
      {
        labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model },
        cause: causes[cause],
        found: { 'provider_model_cause:llm_streams_failed:increase5m': bad * windowSeconds.warning },
      },
    ],
  };
}
