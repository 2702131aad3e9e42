import type { CauseEntry } from '../classify/catalogue.ts';
import { adviceLine } from './causes.ts';
import type { RecordedName } from './recorded.ts';
import { identityOf, type MixinSettings } from './settings.ts';

/** What the texts of a spike alert say about one incident. */
export interface SpikeFacts {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
  readonly ratio: string;
  readonly usual: string;
  readonly cause: string;
  readonly causeShare: string;
  readonly advice: string;
  /** The labels that tell environments apart, those present: ` cluster=eu-1 env=prod`. */
  readonly where: string;
  /** Dashboard variables, as a URL query. */
  readonly query: string;
}

export interface TargetFacts {
  readonly job: string;
  readonly instance: string;
  readonly query: string;
}

/** The facts as actions of Prometheus' template language, which runs them at each evaluation. */
export function spikeTemplate(settings: MixinSettings, causes: readonly CauseEntry[]): SpikeFacts {
  const identity = identityOf(settings);
  const topCause = firstOf('provider_model_code_cause:llm_requests_per_requests:ratio_increase5m', identity);
  const usual = firstOf('provider_model_code:llm_requests_per_requests:p90_ratio_increase5m', identity);
  return {
    provider: '{{ $labels.provider }}',
    model: '{{ $labels.model }}',
    code: '{{ $labels.code }}',
    ratio: '{{ $value | humanizePercentage }}',
    usual: withFirst(usual, '{{ . | first | value | humanizePercentage }}', 'not known yet'),
    cause: withFirst(topCause, '{{ . | first | label "cause" }}', UNKNOWN_CAUSE),
    causeShare: withFirst(topCause, '{{ . | first | value | humanizePercentage }}', 'an unknown share'),
    advice: withFirst(topCause, adviceByCause(causes), FALLBACK_ADVICE),
    where: settings.identityLabels.map((label) => `{{ with $labels.${label} }} ${label}={{ . }}{{ end }}`).join(''),
    query: variables(['provider', 'model', 'code']),
  };
}

export const targetTemplate: TargetFacts = {
  job: '{{ $labels.job }}',
  instance: '{{ $labels.instance }}',
  query: variables(['job', 'instance']),
};

const UNKNOWN_CAUSE = 'unknown';
const FALLBACK_ADVICE = 'Follow the runbook: it lists the causes and what to do about each.';

/**
 * A label that is absent is empty on both sides, which matches. %q quotes as Go does, which is how PromQL reads a
 * string: a model name cannot break out of it.
 */
function firstOf(name: RecordedName, identity: readonly string[]): string {
  const matchers = identity.map((label) => `${label}=%q`).join(',');
  const values = identity.map((label) => `$labels.${label}`).join(' ');
  return `printf "topk(1, ${name}{${matchers}})" ${values} | query`;
}

function withFirst(query: string, then: string, otherwise: string): string {
  return `{{ with ${query} }}${then}{{ else }}${otherwise}{{ end }}`;
}

/** A chain of comparisons, because Prometheus' templates have no maps. Only causes that come with these codes. */
function adviceByCause(causes: readonly CauseEntry[]): string {
  const branches = causes.map((cause) => `if eq . "${cause.id}" }}${literal(adviceLine(cause))}`);
  if (branches.length === 0) return FALLBACK_ADVICE;
  return `{{ with . | first | label "cause" }}{{ ${branches.join('{{ else ')}{{ else }}${FALLBACK_ADVICE}{{ end }}{{ end }}`;
}

/** Text as it is: two braces in a catalogue would begin an action. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

function variables(labels: readonly string[]): string {
  return labels.map((label) => `var-${label}={{ urlquery $labels.${label} }}`).join('&');
}
