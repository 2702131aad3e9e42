import type { CauseEntry } from '../classify/catalogue.ts';
import type { Cause } from '../classify/causes.ts';
import { adviceLine } from './causes.ts';
import type { RecordedName } from './recording/recorded.ts';
import type { MixinSettings } from './settings/settings.ts';

/** How a number is written for people, by Prometheus' template functions. */
export type Form = 'percentage' | 'number' | 'duration';

/** Series whose largest one names the most frequent cause of an alert, and the labels by which the alert's own are found. */
export interface CauseSource {
  readonly name: RecordedName;
  readonly by: readonly string[];
  /** One of these values, where the series tell more than the alert is about. */
  readonly only?: { readonly cause?: readonly Cause[]; readonly code?: readonly string[] };
}

/**
 * What the texts of an alert may say of one incident: in the rules these are actions of Prometheus' template language, which runs them
 * at each evaluation; in the tests of the rules the very values.
 */
export interface Facts {
  label(name: string): string;
  value(form: Form): string;
  /** The largest value of a recorded series with the same identity, provider, model and so on; `otherwise` where there is none. */
  recorded(source: CauseSource, form: Form, otherwise: string): string;
  topCause(source: CauseSource): string;
  /** What to do about the top cause, which is one of `causes`. */
  advice(source: CauseSource, causes: readonly CauseEntry[]): string;
  /** The labels that tell environments apart, those present: ` cluster=eu-1 env=prod`. */
  where(): string;
  /** Dashboard variables, as a URL query. */
  variables(labels: readonly string[]): string;
}

const HUMANIZE: Readonly<Record<Form, string>> = {
  percentage: 'humanizePercentage',
  number: 'humanize',
  duration: 'humanizeDuration',
};

export const UNKNOWN_CAUSE = 'unknown';
export const FALLBACK_ADVICE = 'Follow the runbook: it lists the causes and what to do about each.';

/** The facts as template actions. */
export function templateFacts({ identityLabels }: MixinSettings): Facts {
  const first = (source: CauseSource) => firstOf(source, [...identityLabels, ...source.by]);
  return {
    label: (name) => `{{ $labels.${name} }}`,
    value: (form) => `{{ $value | ${HUMANIZE[form]} }}`,
    recorded: (source, form, otherwise) =>
      withFirst(first(source), `{{ . | first | value | ${HUMANIZE[form]} }}`, otherwise),
    topCause: (source) => withFirst(first(source), '{{ . | first | label "cause" }}', UNKNOWN_CAUSE),
    advice: (source, causes) => withFirst(first(source), adviceByCause(causes), FALLBACK_ADVICE),
    where: () => identityLabels.map((label) => `{{ with $labels.${label} }} ${label}={{ . }}{{ end }}`).join(''),
    variables: (labels) => labels.map((label) => `var-${label}={{ urlquery $labels.${label} }}`).join('&'),
  };
}

/** For readers whose templates cannot query and whose `$value` may be a text. */
export function plainFacts(settings: MixinSettings): Facts {
  return {
    ...templateFacts(settings),
    value: () => '{{ $value }}',
    recorded: (_source, _form, otherwise) => otherwise,
    topCause: () => UNKNOWN_CAUSE,
    advice: () => FALLBACK_ADVICE,
  };
}

/**
 * A label that is absent is empty on both sides, which matches. %q quotes as Go does, which is how PromQL reads a
 * string: a model name cannot break out of it.
 */
function firstOf({ name, only = {} }: CauseSource, labels: readonly string[]): string {
  // In the quotes that Go does not use for its own text.
  const fixed = Object.entries(only).map(([label, [first = '', ...more]]) =>
    more.length === 0 ? `${label}='${first}'` : `${label}=~'${[first, ...more].join('|')}'`,
  );
  const matchers = [...labels.map((label) => `${label}=%q`), ...fixed].join(',');
  const values = labels.map((label) => `$labels.${label}`).join(' ');
  return `printf "topk(1, ${name}{${matchers}})" ${values} | query`;
}

function withFirst(query: string, then: string, otherwise: string): string {
  return `{{ with ${query} }}${then}{{ else }}${otherwise}{{ end }}`;
}

/** A chain of comparisons, because Prometheus' templates have no maps. */
function adviceByCause(causes: readonly CauseEntry[]): string {
  const branches = causes.map((cause) => `if eq . "${cause.id}" }}${literal(adviceLine(cause))}`);
  if (branches.length === 0) return FALLBACK_ADVICE;
  return `{{ with . | first | label "cause" }}{{ ${branches.join('{{ else ')}{{ else }}${FALLBACK_ADVICE}{{ end }}{{ end }}`;
}

/** Text as it is: two braces in a catalogue would begin an action. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
