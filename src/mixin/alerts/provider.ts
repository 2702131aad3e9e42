import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import { adviceLine, causesWithCodes } from '../causes.ts';
import type { CauseSource } from '../facts.ts';
import { increase, promql, type Query, selectors, sumWithout } from '../promql.ts';
import type { RecordingRule } from '../recording/recording.ts';
import { degradedTests } from '../rule-tests/answers/degraded.ts';
import { unreachableTests } from '../rule-tests/answers/provider.ts';
import { degradedPage, unreachablePage } from '../runbooks/provider.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { codesOf, levelsOf, SPIKE_ALERTS } from '../settings/spike-levels.ts';
import { describeShare, shareAbove } from '../share.ts';
import { spikeExpression } from './spike.ts';

/** The provider as a whole: cannot be reached, or fails on several models at once. They share the group of the spikes. */
export function providerAlerts(context: PackContext): readonly AlertEntry[] {
  const [unreachable, degraded] = [unreachableRule(context), degradedRule(context)];
  return [
    {
      name: unreachable.alert,
      rules: [unreachable],
      runbook: unreachablePage(context),
      tests: unreachableTests(context, unreachable),
    },
    {
      name: degraded.alert,
      rules: [degraded],
      runbook: degradedPage(context),
      tests: degradedTests(context, degraded),
    },
  ];
}

/** The codes of the spikes that page, and what each asks of a model. */
function criticalSpikes(settings: MixinSettings) {
  return SPIKE_ALERTS.flatMap((name) =>
    levelsOf(settings, name)
      .filter(([severity]) => severity === 'critical')
      .map(([severity, level]) => ({ name, severity, level })),
  );
}

export function criticalCodes(settings: MixinSettings): readonly string[] {
  return criticalSpikes(settings).flatMap(({ name }) => codesOf(settings, name));
}

/** Traffic below which a model is not judged, so that it is none of "all models" either. */
function judgedFrom(settings: MixinSettings): number {
  return Math.min(...criticalSpikes(settings).map(({ level }) => level.minTotal));
}

export function providerRecordings({ settings }: PackContext): readonly RecordingRule[] {
  const [first, ...others] = criticalSpikes(settings).map((spike) => spikeExpression(settings, spike));
  if (first === undefined) return [];
  const any = others.reduce((sum, spike) => promql`${sum}\nor\n${spike}`, first);
  const models: Query<'provider' | 'model'> = {
    text: `max without (code) (\n${any.text}\n)`,
    labels: ['provider', 'model'],
  };
  return [
    {
      record: 'provider:llm_models_failing:count',
      expr: { text: `count without (model) (\n${models.text}\n)`, labels: ['provider'] },
      why: 'Models of a provider that fail as badly as the critical spikes ask, each counted once.',
    },
  ];
}

function unreachableRule({ settings, causes }: PackContext): AlertRule {
  const level = settings.thresholds.LLMProviderUnreachable.critical;
  const windowSeconds = settings.windowSeconds.critical;
  return {
    alert: 'LLMProviderUnreachable',
    severity: 'critical',
    component: 'llm-api',
    signal: 'availability',
    expr: unreachableExpression(settings),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => ({
      summary: 'No connection to an LLM API can be made.',
      description:
        `${facts.value('percentage')} of the requests to ${facts.label('provider')} over the last ${scaled(settings, windowSeconds)} found no connection: ` +
        'DNS, TCP or TLS failed before anything could be sent.',
      cause: 'upstream_unreachable',
      advice: adviceLine(causes.upstream_unreachable),
      dashboard: { uid: 'llm-provider', variables: ['provider'] },
    }),
    why: `${describeShare(settings, 'tries or, without a proxy, of the answers', { ...level, windowSeconds })} Tries first: callers who gave up waiting are no answer of the provider, and a request that another provider took over is counted there.`,
  };
}

function unreachableExpression(settings: MixinSettings): Query<'provider'> {
  const level = settings.thresholds.LLMProviderUnreachable.critical;
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.critical);
  const cause = 'upstream_unreachable';
  const tries = (counter: Query<'provider' | 'model' | 'code' | 'cause'>) =>
    sumWithout(increase(counter, window), settings.dropLabels, ['model', 'code', 'cause']);
  const answers = series.counter('llm_requests_total', { cause });
  const ofTries = shareAbove(
    { bad: tries(series.counter('llm_attempts_total', { cause })), all: tries(series.counter('llm_attempts_total')) },
    level,
  );
  const ofAnswers = shareAbove(
    {
      bad: sumWithout(increase(answers, window), settings.dropLabels, ['model', 'code', 'cause', 'stream']),
      all: sumWithout(series.recorded('provider_model:llm_requests:increase2m'), [], ['model']),
    },
    level,
  );
  return promql`(\n${ofTries}\n)\nor\n(\n${ofAnswers}\n)`;
}

function degradedRule({ settings, causes }: PackContext): AlertRule {
  const { minModels, forSeconds, keepFiringSeconds } = settings.thresholds.LLMProviderDegraded.critical;
  const series = selectors('');
  const failing = series.recorded('provider:llm_models_failing:count');
  const model = { none: settings.neverCriticalModels };
  const judged = promql`${series.recorded('provider_model:llm_requests:increase2m', { model })} >= ${judgedFrom(settings)}`;
  const codes = criticalCodes(settings);
  const source: CauseSource = {
    name: 'provider_model_code_cause:llm_requests:increase5m',
    by: ['provider'],
    only: { code: codes },
  };
  return {
    alert: 'LLMProviderDegraded',
    severity: 'critical',
    component: 'llm-api',
    signal: 'availability',
    expr: promql`${failing} >= ${minModels}\nor\n(${failing} >= 2) == count without (model) (${judged})`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'Several models of an LLM API fail at once.',
      description:
        `${facts.value('number')} models of ${facts.label('provider')} answer a large part of their requests with ${codes.join(', ')} ` +
        `over the last ${scaled(settings, settings.windowSeconds.critical)}: the provider is at fault, not a model. ` +
        `Top cause in ${scaled(settings, settings.windowSeconds.warning)}: ${facts.topCause(source)}.`,
      cause: facts.topCause(source),
      advice: facts.advice(source, causesWithCodes(causes, codes)),
      dashboard: { uid: 'llm-provider', variables: ['provider'] },
    }),
    why: `${minModels} models, or all of at least two that have traffic, each as bad as LLMApi503SpikeSevere or the critical LLMApi504Spike ask.`,
  };
}
