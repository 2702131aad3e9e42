import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import { type CauseShare, causeShareRules, shareLevels } from '../cause-share.ts';
import { adviceLine } from '../causes.ts';
import { increase, selectors, sumWithout } from '../promql.ts';
import { codeTests, unknownCauseTests } from '../rule-tests/answers/codes.ts';
import { codePages } from '../runbooks/codes.ts';
import { scaled } from '../settings/settings.ts';
import { describeShare, shareAbove } from '../share.ts';

export const CODE_ALERTS = [
  {
    name: 'LLMApi500Burst',
    signal: 'availability',
    // 502 is what a gateway says of an upstream that crashed; 503 and 504 have alerts of their own.
    counts: { code: ['500', '502'] },
    summary: 'An LLM API fails to process a part of its requests (500 or 502).',
    did: 'were',
  },
  {
    name: 'LLMApi400Burst',
    signal: 'client',
    counts: {
      cause: [
        'invalid_request',
        'context_length_exceeded',
        'payload_too_large',
        'unsupported_feature',
        'content_filter',
      ],
    },
    summary: 'A caller sends an LLM API requests that it must refuse.',
    did: 'refused the request itself',
  },
  {
    name: 'LLMModelNotFound',
    signal: 'client',
    counts: { cause: ['model_not_found'] },
    summary: 'A model that an LLM API used to serve is not found any more.',
    did: 'said that there is no such model',
    // Names that no answer has proven are counted as "other": there, one caller's typo is all there is.
    notModels: ['other', 'unknown'],
  },
] as const satisfies readonly CauseShare[];

/** Bursts of what is neither overload nor a limit, and failures that nobody can name. */
export function codeAlerts(context: PackContext): readonly AlertEntry[] {
  const pages = codePages(context);
  const shares = CODE_ALERTS.map((alert) => {
    const rules = causeShareRules(context, alert);
    return { name: alert.name, rules, runbook: pages[alert.name], ...codeTests(context, alert, rules) };
  });
  const rules = unknownCauseRules(context);
  return [
    ...shares,
    {
      name: 'LLMUnknownCauseShare',
      rules,
      runbook: pages.LLMUnknownCauseShare,
      ...unknownCauseTests(context, rules),
    },
  ];
}

/** By provider: its errors have rules, those of a model have none of their own. Callers who left say nothing about rules. */
function unknownCauseRules({ settings, causes }: PackContext): readonly AlertRule[] {
  const { thresholds, dropLabels } = settings;
  return shareLevels(settings, 'LLMUnknownCauseShare').map(([severity, level]) => {
    const { windowSeconds } = thresholds.LLMUnknownCauseShare[severity === 'warning' ? 'warning' : 'info'];
    const series = selectors(settings.selector);
    const ofProvider = (cause: 'unclassified' | { readonly none: readonly ['none', 'client_aborted'] }) =>
      sumWithout(
        increase(series.counter('llm_requests_total', { cause }), scaled(settings, windowSeconds)),
        dropLabels,
        ['model', 'code', 'cause', 'stream'],
      );
    return {
      alert: 'LLMUnknownCauseShare',
      severity,
      component: 'llm-exporter',
      signal: 'pipeline',
      expr: shareAbove(
        { bad: ofProvider('unclassified'), all: ofProvider({ none: ['none', 'client_aborted'] }) },
        level,
      ),
      forSeconds: level.forSeconds,
      keepFiringSeconds: level.keepFiringSeconds,
      texts: (facts) => ({
        summary: 'Failures of an LLM API fit no rule, so that nothing can say why they happened.',
        description:
          `${facts.value('percentage')} of the failed answers of ${facts.label('provider')} over the last ${scaled(settings, windowSeconds)} ` +
          'have the cause unclassified: their status and message fit no rule of the catalogue.',
        cause: 'unclassified',
        advice: adviceLine(causes.unclassified),
        dashboard: { uid: 'llm-provider', variables: ['provider'] },
      }),
      why: describeShare(settings, 'failed answers of a provider', { ...level, windowSeconds }),
    };
  });
}
