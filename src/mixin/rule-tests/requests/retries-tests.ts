import type { AlertRule, PackContext } from '../../alert.ts';
import { GIVEN_UP } from '../../recording/top-causes.ts';
import type { Extra, Flow } from '../../scenario/traffic.ts';
import { MARGIN, type Part, quietTest, trafficTest } from '../lifecycle.ts';
import type { RuleTest } from '../promtool.ts';
import { expectedOf, type Mix, type ShareUnderTest, shareTests, together } from '../share-tests.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';

const PROVIDER = 'novita';
const INSTANCES = 2;

interface RetryRules {
  readonly storms: readonly AlertRule[];
  readonly exhausted: AlertRule;
}

/** Tests of LLMRetryStorm and LLMRetryBudgetExhausted. */
export function retriesTests(
  context: PackContext,
  { storms, exhausted }: RetryRules,
): Readonly<Record<'LLMRetryStorm' | 'LLMRetryBudgetExhausted', readonly RuleTest[]>> {
  return { LLMRetryStorm: stormTests(context, storms), LLMRetryBudgetExhausted: exhaustedTests(context, exhausted) };
}

/** Most of the answers fail in spite of all tries, for one cause under two codes. */
const FAILED = 0.6;
const FAILING = { '503 model_overloaded': FAILED / 2, '529 model_overloaded': FAILED / 2 } as const;

function stormTests(context: PackContext, rules: readonly AlertRule[]): readonly RuleTest[] {
  const { settings } = context;
  const { warning, critical } = settings.thresholds.LLMRetryStorm;
  const ticks = ticksIn(settings, settings.windowSeconds.warning + warning.forSeconds) + 2 * MARGIN;
  const [model] = settings.neverCriticalModels;
  const mild = stormUnderTest(
    context,
    rules.filter(({ severity }) => severity === 'warning'),
  );
  const storm = { all: 10, bad: 10 * 1.5 * critical.factor };
  const helped = { model: 'model/helped', perSecond: 10, tries: 1.5 * critical.factor } satisfies Flow;
  return [
    ...shareTests(settings, stormUnderTest(context, rules)),
    trafficTest(settings, {
      title: 'does not page while the retries help',
      parts: [{ ticks, flows: [{ ...helped, mix: { '503 model_overloaded': 0.9 * critical.failedShare } }] }],
      checks: [
        {
          tick: ticks - 1,
          firing: expectedOf(
            settings,
            stormUnderTest(
              context,
              mild.rules.map(([rule]) => rule),
              0.9 * critical.failedShare,
            ),
            [[helped.model, storm]],
          ),
        },
      ],
    }),
    trafficTest(settings, {
      title: `pages as soon as ${critical.failedShare} of the answers fail`,
      parts: [{ ticks, flows: [{ ...helped, mix: { '503 model_overloaded': 1.5 * critical.failedShare } }] }],
      checks: [
        {
          tick: ticks - 1,
          firing: expectedOf(settings, stormUnderTest(context, rules, 1.5 * critical.failedShare), [
            [helped.model, storm],
          ]),
        },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet where there is no proxy, so that no tries are known',
      parts: [{ ticks, flows: [{ model: 'logged', perSecond: 10, mix: FAILING }] }],
    }),
    ...(model === undefined
      ? []
      : [
          trafficTest(settings, {
            title: `never pages for model "${model}"`,
            parts: [{ ...mild.traffic(model, storm), ticks }],
            checks: [{ tick: ticks - 1, firing: expectedOf(settings, mild, [[model, storm]]) }],
          }),
        ]),
  ];
}

/** `bad` are tries. */
function stormUnderTest(
  { settings, causes }: PackContext,
  rules: readonly AlertRule[],
  failed = FAILED,
): ShareUnderTest {
  const windowSeconds = settings.windowSeconds.warning;
  return {
    rules: rules.map((rule) => {
      const { factor, minTotal } =
        settings.thresholds.LLMRetryStorm[rule.severity === 'critical' ? 'critical' : 'warning'];
      return [rule, { share: factor, minBad: minTotal, windowSeconds }];
    }),
    traffic: (model, { all, bad }: Mix) => ({ flows: [{ model, perSecond: all, tries: bad / all, mix: FAILING }] }),
    incident: (model, { bad }) => [
      {
        labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model },
        cause: causes.model_overloaded,
        found: { 'provider_model_cause:llm_attempts_failed:increase5m': bad * failed * windowSeconds },
      },
    ],
  };
}

function exhaustedTests(context: PackContext, rule: AlertRule): readonly RuleTest[] {
  const { settings } = context;
  const { forSeconds } = settings.thresholds.LLMRetryBudgetExhausted.warning;
  const ticks = ticksIn(settings, settings.windowSeconds.warning + forSeconds) + 2 * MARGIN;
  const mix = { all: 10, bad: 5 };
  const named = (decisions: readonly string[]): Omit<Part, 'ticks'> =>
    together(decisions.map((decision) => exhaustedUnderTest(context, rule, [decision]).traffic(decision, mix)));
  const subject = exhaustedUnderTest(context, rule);
  return [
    ...shareTests(settings, subject),
    trafficTest(settings, {
      title: `fires on each of ${GIVEN_UP.join(', ')}`,
      parts: [{ ...named(GIVEN_UP), ticks }],
      checks: [
        {
          tick: ticks - 1,
          firing: expectedOf(
            settings,
            subject,
            GIVEN_UP.map((decision) => [decision, mix]),
          ),
        },
      ],
    }),
    quietTest(settings, { title: `stays quiet on ${OTHERS.join(', ')}`, parts: [{ ...named(OTHERS), ticks }] }),
  ];
}

/** Decisions that are no failure of the retries. */
const OTHERS = ['retried', 'not_retryable'] as const;

function exhaustedUnderTest(
  { settings, causes }: PackContext,
  rule: AlertRule,
  decisions: readonly string[] = GIVEN_UP,
): ShareUnderTest {
  const windowSeconds = settings.windowSeconds.warning;
  const level = settings.thresholds.LLMRetryBudgetExhausted.warning;
  return {
    rules: [[rule, { ...level, windowSeconds }]],
    traffic: (model, { all, bad }) => ({
      flows: [{ model, perSecond: all, mix: { '503 model_overloaded': bad / all } }],
      extras: decisions.map((decision) =>
        retries({ model, decision, cause: 'model_overloaded' }, bad / decisions.length),
      ),
    }),
    noise: {
      notBad: OTHERS.map((decision) => (model, perSecond) => ({
        extras: [retries({ model, decision, cause: 'model_overloaded' }, perSecond)],
      })),
    },
    incident: (model, { bad }) => [
      {
        labels: { ...keptLabels(settings, targetLabels(settings)), provider: PROVIDER, model },
        cause: causes.model_overloaded,
        found: { 'provider_model_cause:llm_retries_given_up:increase5m': bad * windowSeconds },
      },
    ],
  };
}

/** Decisions on failed tries, among all instances. */
function retries(labels: Readonly<Record<'model' | 'decision' | 'cause', string>>, perSecond: number): Extra {
  return { name: 'llm_retries_total', labels: { provider: PROVIDER, ...labels }, perSecond: perSecond / INSTANCES };
}
