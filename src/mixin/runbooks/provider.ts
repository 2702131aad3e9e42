import type { PackContext } from '../alert.ts';
import { causesNamed, causesWithCodes } from '../causes.ts';
import { increase, promql, selectors, sumBy } from '../promql.ts';
import { LAST_STEP, type RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';
import { codesOf, SPIKE_ALERTS } from '../settings/spike-levels.ts';
import { describeShare } from '../share.ts';
import { tuneLines } from '../tuning.ts';

export function unreachablePage({ settings, causes }: PackContext): RunbookPage {
  const level = settings.thresholds.LLMProviderUnreachable.critical;
  const windowSeconds = settings.windowSeconds.critical;
  const window = scaled(settings, windowSeconds);
  const series = selectors(settings.selector);
  const cause = 'upstream_unreachable';
  return {
    meaning: `No connection to the API can be made: its name is not resolved, nobody answers, or TLS fails. Nothing is sent, so nothing can be refused. ${describeShare(settings, 'tries (or, without a proxy, of the answers) at a provider', { ...level, windowSeconds })}`,
    hurt: 'All callers of the provider, on every model, at once.',
    confirm: [
      {
        why: 'Answers without a connection, by gateway: one instance or all of them?',
        query: promql`${sumBy(increase(series.counter('llm_requests_total', { cause }), window), ['provider', 'instance'])} > 0`,
      },
      {
        why: 'Tries, where the exporter is the proxy:',
        query: promql`${sumBy(increase(series.counter('llm_attempts_total'), window), ['provider', 'code', 'cause'])} > 0`,
      },
      { why: 'The host behind each provider:', query: series.gauge('llm_provider_info') },
    ],
    causes: [
      ...causesNamed(causes, [cause]),
      'DNS: the resolver of the machine or cluster is down, or the name is gone.',
      'Network: a firewall, an egress proxy or a network policy was changed; the provider is down or blocks your address.',
      'TLS: a certificate has expired, or the clock of the machine is wrong.',
    ],
    steps: [
      'Where the gateway runs, with the host of the third query: `curl -sv --connect-timeout 5 https://HOST/ -o /dev/null`. The line at which it stops is the cause.',
      '"Could not resolve host": `getent hosts HOST`, then the resolver (`/etc/resolv.conf`, CoreDNS). Other names fail, too? It is your DNS.',
      '"Connection refused" or "timed out": does it work from another network? If so, firewall, egress proxy or network policy on this side; if not, the provider: read its status page.',
      'A certificate error: `date` (a wrong clock fails every certificate), then `openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -dates -issuer`. An issuer of your own company means that a proxy opens TLS: install its CA (`proxy.upstream_tls`).',
      'One instance only (first query): take that machine out of service, and look at it later.',
      'Meanwhile send traffic to another provider (`proxy.retries.fallback` of the exporter, or your router).',
      LAST_STEP,
    ],
    falseWhen: [
      'A provider that is configured and used by a test only, whose address is wrong.',
      `Little traffic: ${level.minBad} failed tries are few. Look at the counts.`,
    ],
    silent: [
      'A provider that nobody asks: without tries there is nothing to see.',
      'Connections that are made and then break (`upstream_bad_response`, `upstream_timeout`): LLMApi500Burst and LLMApi504Spike.',
    ],
    tune: tuneLines(settings, 'LLMProviderUnreachable'),
  };
}

export function degradedPage({ settings, causes }: PackContext): RunbookPage {
  const { minModels } = settings.thresholds.LLMProviderDegraded.critical;
  const codes = [...new Set(SPIKE_ALERTS.flatMap((name) => codesOf(settings, name)))];
  const window = scaled(settings, settings.windowSeconds.critical);
  const bySeries = increase(
    selectors(settings.selector).counter('llm_requests_total', { code: { any: codes } }),
    window,
  );
  const recorded = selectors('');
  return {
    meaning: `${minModels} models of a provider, or all of at least two, fail at once, each as badly as LLMApi503SpikeSevere or the critical LLMApi504Spike ask (${codes.join(', ')}, over ${window}). It mutes those: there is one incident, the provider's.`,
    hurt: 'Callers of most models of the provider. Another model of the same provider is no way out.',
    confirm: [
      { why: 'How many models fail:', query: recorded.recorded('provider:llm_models_failing:count') },
      {
        why: 'Which, and how badly:',
        query: promql`sort_desc(${recorded.recorded('provider_model_code:llm_requests_per_requests:ratio_increase2m')} > 0)`,
      },
      {
        why: 'Why:',
        query: promql`sort_desc(${sumBy(bySeries, ['provider', 'code', 'cause'])} > 0)`,
      },
    ],
    causes: causesWithCodes(causes, codes),
    steps: [
      "Open the provider's status page, and tell your users what is known.",
      'Read the cause: `downstream_dependency_failure` and `service_unavailable` are an outage; `surge_protection` and `model_overloaded` are load, perhaps yours: has the number of requests risen?',
      'Move traffic to another provider now, if you have one (`proxy.retries.fallback` of the exporter, or your router). Stop batch work.',
      'Make callers back off: exponential backoff with jitter from 1 s on, at most 3 tries. Retries of all models at once keep an overloaded provider down.',
      'Go on serving what you can: prefer streaming, lower `max_tokens`, put off what can run off-peak.',
      'If you run the platform: look at what the models share (gateway, authentication, database, network), not at a model; scale it out, and let requests in by priority.',
      LAST_STEP,
    ],
    falseWhen: [
      'Two models that only one client uses, with a bug.',
      'A gateway of your own before all models is at fault: its 503 and 504 look like those of the provider. The cause tells (`gateway_overload`, `no_available_backend`, `upstream_timeout`).',
    ],
    silent: [
      'One model alone, whatever its weight: LLMApi503SpikeSevere and LLMApi504Spike.',
      'Many models that each fail a little: LLMApi503Spike of each, in one notification.',
      'Failures with other codes: LLMApi500Burst, LLMErrorBudgetBurnFast.',
    ],
    tune: tuneLines(settings, 'LLMProviderDegraded'),
  };
}
