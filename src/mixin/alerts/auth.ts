import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import { causesNamed } from '../causes.ts';
import type { CauseSource } from '../facts.ts';
import { promql, type Query, selectors, sumWithout } from '../promql.ts';
import { AUTH_CAUSES } from '../recording/causes.ts';
import { upstreamAuthTests } from '../rule-tests/answers/auth.ts';
import { clientAuthTests } from '../rule-tests/answers/client-auth.ts';
import { authPages } from '../runbooks/auth.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { percent, shareAbove } from '../share.ts';

/** A key that all callers share and that is refused; and many refusals that are somebody's own. */
export function authAlerts(context: PackContext): readonly AlertEntry[] {
  const pages = authPages(context);
  const [upstream, client] = [upstreamRule(context), clientRule(context)];
  return [
    { name: upstream.alert, rules: [upstream], runbook: pages.upstream, tests: upstreamAuthTests(context, upstream) },
    { name: client.alert, rules: [client], runbook: pages.client, ...clientAuthTests(context, client) },
  ];
}

const UPSTREAM_CAUSES = ['gateway_credentials_invalid', ...AUTH_CAUSES] as const;
const ANSWERS = 'provider_model_code_cause:llm_requests:increase5m';

function upstreamRule({ settings, causes }: PackContext): AlertRule {
  const { share, allShare, minBad, minBefore, rememberSeconds, forSeconds, keepFiringSeconds } =
    settings.thresholds.LLMUpstreamAuthFailing.critical;
  const window = scaled(settings, settings.windowSeconds.warning);
  const source: CauseSource = { name: ANSWERS, by: ['provider', 'model'], only: { cause: UPSTREAM_CAUSES } };
  return {
    alert: 'LLMUpstreamAuthFailing',
    severity: 'critical',
    component: 'llm-api',
    signal: 'auth',
    expr: upstreamExpression(settings),
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An LLM API refuses the key that callers share.',
      description:
        `${facts.value('percentage')} of the answers of ${facts.label('provider')} for model ${facts.label('model')} over the last ${window} ` +
        `refused the key or its rights, so that good callers fail, too. ` +
        `Top cause: ${facts.topCause(source)}, ${facts.recorded(source, 'number', 'an unknown number of')} answers.`,
      cause: facts.topCause(source),
      advice: facts.advice(source, causesNamed(causes, UPSTREAM_CAUSES)),
      dashboard: { uid: 'llm-provider', variables: ['provider', 'model'] },
    }),
    why:
      `A gateway's own key is refused in above ${percent(share)} of the answers of ${window}, or any key in above ${percent(allShare)}; at least ` +
      `${minBad} of them. Any key: only after ${minBefore} successes within ${scaled(settings, rememberSeconds)} which have fallen by ` +
      `${percent(allShare)}. It then lasts until answers get through, however long ago the last one was.`,
  };
}

/** The value is the share of the refused answers. */
function upstreamExpression(settings: MixinSettings): Query<'provider' | 'model'> {
  const { share, allShare, minBad, minBefore, rememberSeconds } = settings.thresholds.LLMUpstreamAuthFailing.critical;
  const series = selectors('');
  const all = sumWithout(series.recorded(ANSWERS), [], ['code', 'cause']);
  const gateway = sumWithout(series.recorded(ANSWERS, { cause: 'gateway_credentials_invalid' }), [], ['code', 'cause']);
  const anyKey = sumWithout(series.recorded(ANSWERS, { cause: { any: AUTH_CAUSES } }), [], ['code', 'cause']);
  const good = sumWithout(series.recorded(ANSWERS, { cause: 'none' }), [], ['code', 'cause']);
  const before = series.recorded('provider_model:llm_requests_succeeded:increase1h');
  const firing = series.alerts('firing', { alertname: 'LLMUpstreamAuthFailing' });
  const same = [...settings.identityLabels, 'provider', 'model'].join(', ');
  const stillGood = promql`${good} / ${settings.windowSeconds.warning} > ${rest(allShare)} * ${before} / ${rememberSeconds}`;
  return promql`(\n${shareAbove({ bad: gateway, all }, { share, minBad })}\n)\nor\n(\n${shareAbove({ bad: anyKey, all }, { share: allShare, minBad })}\nunless ${stillGood}\nand on (${same}) (${before} >= ${minBefore} or ${firing})\n)`;
}

function rest(share: number): number {
  return Number((1 - share).toPrecision(6));
}

function clientRule({ settings, causes }: PackContext): AlertRule {
  const { minBad, baselineFactor, windowSeconds, forSeconds, keepFiringSeconds } =
    settings.thresholds.LLMClientAuthBurst.info;
  const series = selectors('');
  const refused = series.recorded('provider:llm_requests_unauthorized:increase10m');
  const usual = series.recorded('provider:llm_requests_unauthorized:p90_increase10m');
  const window = scaled(settings, windowSeconds);
  const source: CauseSource = { name: ANSWERS, by: ['provider'], only: { cause: AUTH_CAUSES } };
  const usualSource: CauseSource = { name: 'provider:llm_requests_unauthorized:p90_increase10m', by: ['provider'] };
  return {
    alert: 'LLMClientAuthBurst',
    severity: 'info',
    component: 'llm-api',
    signal: 'auth',
    expr: promql`${refused} >= ${minBad}\nunless ${refused} <= ${baselineFactor} * ${usual}`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An LLM API refuses unusually many requests for their keys.',
      description:
        `${facts.value('number')} requests to ${facts.label('provider')} were refused for their key or its rights over the last ${window} ` +
        `(usual: ${facts.recorded(usualSource, 'number', 'not known yet')}). Most of the last ${scaled(settings, settings.windowSeconds.warning)}: ${facts.topCause(source)}.`,
      cause: facts.topCause(source),
      advice: facts.advice(source, causesNamed(causes, AUTH_CAUSES)),
      dashboard: { uid: 'llm-provider', variables: ['provider'] },
    }),
    why: `At least ${minBad} refused keys in ${window}, and above ${baselineFactor} times the provider's own usual number. A matter for security, not for the night.`,
  };
}
