import type { AlertEntry, PackContext } from '../alert.ts';
import { type CauseShare, causeShareRules } from '../cause-share.ts';
import { quotaTests } from '../rule-tests/answers/quota.ts';
import { quotaPages } from '../runbooks/quota.ts';

export const QUOTA_ALERTS = [
  {
    name: 'LLMApi429TokensPerMinute',
    signal: 'quota',
    counts: { cause: ['rate_limit_tpm', 'request_exceeds_tpm'] },
    summary: 'An LLM API refuses requests because of the limit of tokens per minute.',
    did: 'were refused for the tokens per minute',
  },
  {
    name: 'LLMApi429RequestsPerMinute',
    signal: 'quota',
    // A limit that the answer does not name is nearly always this one. An aggregator's limit at the provider behind it is
    // not ours to raise, but what callers can do is the same, and who looks for 429 looks here.
    counts: {
      cause: ['rate_limit_rpm', 'rate_limit_concurrency', 'rate_limit_unspecified', 'upstream_rate_limited'],
    },
    summary: 'An LLM API refuses requests because there are too many of them.',
    did: 'were refused for the number of requests',
  },
  {
    name: 'LLMApiQuotaExhausted',
    signal: 'quota',
    counts: { cause: ['quota_exhausted', 'insufficient_balance', 'rate_limit_daily'] },
    summary: 'The balance or quota of an account at an LLM API is used up.',
    did: 'were refused for want of balance or quota',
    // Whatever the log names or leaves out: no loop of one caller empties an account unseen.
    pagesForAnyModel: true,
  },
  {
    name: 'LLMOwnLimitShedding',
    signal: 'quota',
    counts: { cause: ['shed_by_exporter'] },
    summary: "The exporter's own throttle sends requests away.",
    did: "were sent away by the exporter's own throttle",
  },
] as const satisfies readonly CauseShare[];

/** Limits: the account's, the balance's, our own. */
export function quotaAlerts(context: PackContext): readonly AlertEntry[] {
  const pages = quotaPages(context);
  return QUOTA_ALERTS.map((alert) => {
    const rules = causeShareRules(context, alert);
    return { name: alert.name, rules, runbook: pages[alert.name], ...quotaTests(context, alert, rules) };
  });
}
