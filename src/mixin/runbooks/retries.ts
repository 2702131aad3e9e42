import type { PackContext } from '../alert.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import { LAST_STEP, type RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';
import { describeShare, percent } from '../share.ts';

type RetryAlert = 'LLMRetryStorm' | 'LLMRetryBudgetExhausted';

export function retriesPages(context: PackContext): Readonly<Record<RetryAlert, RunbookPage>> {
  return { LLMRetryStorm: stormPage(context), LLMRetryBudgetExhausted: exhaustedPage(context) };
}

function queries({ settings }: PackContext) {
  const series = selectors(settings.selector);
  const window = scaled(settings, settings.windowSeconds.warning);
  const tries = (matchers: object) => increase(series.counter('llm_attempts_total', matchers), window);
  const requests = increase(series.counter('llm_requests_total'), window);
  const decided = increase(series.counter('llm_retries_total'), window);
  return {
    perRequest: promql`${sumBy(tries({}), ['provider', 'model'])} / (${sumBy(requests, ['provider', 'model'])} > 0)`,
    failedTries: promql`sort_desc(${sumBy(tries({ cause: { none: ['none'] } }), ['provider', 'model', 'code', 'cause'])} > 0)`,
    decisions: promql`sort_desc(${sumBy(decided, ['provider', 'model', 'cause', 'decision'])} > 0)`,
    answers: promql`${sumBy(requests, ['provider', 'model', 'code', 'cause'])} > 0`,
  };
}

function stormPage(context: PackContext): RunbookPage {
  const { settings, causes } = context;
  const { warning, critical } = settings.thresholds.LLMRetryStorm;
  const { perRequest, failedTries, decisions, answers } = queries(context);
  const window = scaled(settings, settings.windowSeconds.warning);
  return {
    meaning:
      `The proxy tries requests for one model again and again: above ${warning.factor} tries for each request of ${window} (critical: above ${critical.factor}, ` +
      `while above ${percent(critical.failedShare)} of the answers fail all the same). The API gets that many times the load that its callers cause, just when it cannot bear it.`,
    hurt: 'Callers wait for several tries before they get an answer or an error. The provider is kept down by the retries; others on the same account lose their share of its limits.',
    confirm: [
      { why: 'Tries for each request:', query: perRequest },
      { why: 'Why tries fail:', query: failedTries },
      { why: 'What was decided about failed tries:', query: decisions },
      { why: 'What callers get in the end:', query: answers },
    ],
    causes: [
      causes.model_overloaded,
      causes.surge_protection,
      causes.rate_limit_rpm,
      causes.rate_limit_tpm,
      causes.upstream_unreachable,
      'Retries in two layers: callers retry what the proxy has retried already. The requests of the model rise together with the tries.',
    ],
    steps: [
      'Read the cause in the notification and deal with it first: the retries follow from it. Its own alert has a page.',
      'Fourth query: callers get good answers? Then the retries do their work; watch, and go on with the next step in working hours.',
      'Callers get errors: turn the retries down now. In the configuration of the proxy lower `proxy.retries.budget` (of its upstream: `proxy.upstreams[].retries.budget`) to 0.1, then `kill -HUP` its process: it reloads and drops nothing.',
      'Tell the callers that retry (their SDK does by default: OpenAI and Anthropic twice) to stop, or to back off exponentially with jitter from 1 s on: one layer retries, not two.',
      'Causes `rate_limit_…`: waiting helps, trying does not. Shape the traffic with the limits of the proxy, move batch work to off-peak hours.',
      LAST_STEP,
    ],
    falseWhen: [
      'A fallback is configured: tries that failed here are answered by another provider or model, so they are tries of this one and requests of the other. Compare with the third query; there is nothing to do while answers come.',
      'An exporter that reads the log of the same requests that another proxies: its requests are counted twice, which makes the alert late rather than false.',
    ],
    silent: [
      `Under ${warning.minTotal} tries of a model in ${window}.`,
      'Without a proxy of ours: a log does not tell tries apart. Retries of callers look like more requests.',
      'Where no request of a model ends, since all are answered by a fallback.',
      'With the default `proxy.retries.budget` of 0.2 the proxy makes at most 1.2 tries of a request, so it fires only where that was raised (1 is the most, which makes 2).',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMRetryStorm.warning.factor\` (now ${warning.factor}). With hedging it is above 1 by design.`,
      `Pages though answers come: raise \`thresholds.LLMRetryStorm.critical.failed_share\` (now ${critical.failedShare}).`,
    ],
  };
}

function exhaustedPage(context: PackContext): RunbookPage {
  const { settings, causes } = context;
  const level = settings.thresholds.LLMRetryBudgetExhausted.warning;
  const { failedTries, decisions, answers } = queries(context);
  const words = describeShare(settings, 'requests', { ...level, windowSeconds: settings.windowSeconds.warning });
  return {
    meaning: `Requests fail with a cause that another try may heal, and the proxy makes none: the budget of retries is used up, all tries are, or the time is. ${words}`,
    hurt: 'Callers of that model, who count on the retries of the proxy: they see the errors that it hid before.',
    confirm: [
      { why: 'What was decided, and about which causes:', query: decisions },
      { why: 'Why tries fail:', query: failedTries },
      { why: 'What callers get:', query: answers },
    ],
    causes: [
      causes.model_overloaded,
      causes.surge_protection,
      causes.rate_limit_tpm,
      causes.upstream_unreachable,
      'The budget is small for the traffic: few requests a minute earn few retries.',
      'The API asks to wait longer (`Retry-After`) than `proxy.retries.max_retry_after` allows: decision `deadline`.',
    ],
    steps: [
      'First query. `budget_exhausted`: so much fails that retries would double the load; that is what the budget is for. Find the cause, do not raise the budget.',
      '`attempts_exhausted`: each request fails as often as it may be tried: the API is down for that model. See the alerts on its codes.',
      '`deadline`: the API asks for longer waits than the proxy grants. Causes `rate_limit_…`: lower the traffic; waiting in the proxy only moves the queue.',
      'Move traffic to another model or provider, or set `proxy.retries.fallback` so that the proxy does.',
      'Callers: exponential backoff with jitter from 1 s on for what is urgent, off-peak hours for the rest.',
      LAST_STEP,
    ],
    falseWhen: [
      'A proxy that has just begun has no budget yet: over after the first minutes of traffic.',
      'A test of failure handling: silence provider and model for its time.',
    ],
    silent: [
      `Under ${level.minBad} such failures in ${scaled(settings, settings.windowSeconds.warning)}.`,
      'Where retries are off: nothing is decided about them.',
      'On causes that are not worth a retry (decision `not_retryable`): those have alerts of their own.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMRetryBudgetExhausted.warning.share\` (now ${level.share}) or \`.min_bad\` (${level.minBad}).`,
    ],
  };
}
