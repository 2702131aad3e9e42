import type { AlertEntry, AlertRule, AlertTexts, PackContext } from '../alert.ts';
import { causesNamed, failureCauses } from '../causes.ts';
import type { CauseSource, Facts } from '../facts.ts';
import { increase, type Query, selectors, sumWithout } from '../promql.ts';
import { streamsTests } from '../rule-tests/requests/streams-tests.ts';
import { streamsPage } from '../runbooks/streams.ts';
import { type MixinSettings, type SpikeSeverity, scaled } from '../settings/settings.ts';
import { neverAt } from '../settings/spike-levels.ts';
import { describeShare, shareAbove } from '../share.ts';

const SEVERITIES = ['warning', 'critical'] as const satisfies readonly SpikeSeverity[];

/** Streams that fail after their 200. */
export function streamsAlerts(context: PackContext): readonly AlertEntry[] {
  const rules = SEVERITIES.map((severity) => midStreamFailures(context, severity));
  return [{ name: 'LLMMidStreamFailures', rules, runbook: streamsPage(context), tests: streamsTests(context, rules) }];
}

function midStreamFailures(context: PackContext, severity: SpikeSeverity): AlertRule {
  const { settings } = context;
  const level = settings.thresholds.LLMMidStreamFailures[severity];
  const windowSeconds = settings.windowSeconds[severity];
  return {
    alert: 'LLMMidStreamFailures',
    severity,
    component: 'llm-api',
    signal: 'availability',
    expr: shareAbove(streams(context, severity), level),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => streamsTexts(context, windowSeconds, facts),
    why: describeShare(settings, 'streams that began', { ...level, windowSeconds }),
  };
}

/**
 * Among answers that began with 200. What is known to be no stream is left out; many logs do not tell, and what broke off in them was one.
 * Callers who leave, filters and what a caller may not do are no failures.
 */
function streams({ settings, causes }: PackContext, severity: SpikeSeverity) {
  const series = selectors(settings.selector);
  const begun = { code: '200', stream: { none: ['false'] } } as const;
  const count = (matchers: object): Query<'provider' | 'model'> =>
    sumWithout(
      increase(
        series.counter('llm_requests_total', { ...begun, ...matchers }),
        scaled(settings, settings.windowSeconds[severity]),
      ),
      settings.dropLabels,
      ['code', 'cause', 'stream'],
    );
  const cause = { any: failureCauses(causes) };
  return {
    bad: count({ cause, model: { none: neverAt(settings, severity) } }),
    counted: count({ cause }),
    all: count({}),
  };
}

const TOP_CAUSE: CauseSource = {
  name: 'provider_model_cause:llm_streams_failed:increase5m',
  by: ['provider', 'model'],
};

function streamsTexts({ settings, causes }: PackContext, windowSeconds: number, facts: Facts): AlertTexts {
  return {
    summary: 'Streamed answers of an LLM API fail after they have begun with status 200.',
    description:
      `${facts.value('percentage')} of the streams of ${facts.label('provider')} for model ${facts.label('model')} ` +
      `failed after their 200 over the last ${scaled(settings, windowSeconds)}. ` +
      `Top cause in ${window(settings)}: ${facts.topCause(TOP_CAUSE)}, ${facts.recorded(TOP_CAUSE, 'number', 'an unknown number')} of them.`,
    cause: facts.topCause(TOP_CAUSE),
    advice: facts.advice(TOP_CAUSE, causesNamed(causes, failureCauses(causes))),
    dashboard: { uid: 'llm-provider', variables: TOP_CAUSE.by },
  };
}

function window(settings: MixinSettings): string {
  return scaled(settings, settings.windowSeconds.warning);
}
