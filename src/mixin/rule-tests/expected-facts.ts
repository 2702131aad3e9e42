import type { CauseEntry } from '../../classify/catalogue.ts';
import { adviceLine } from '../causes.ts';
import { FALLBACK_ADVICE, type Facts, type Form, UNKNOWN_CAUSE } from '../facts.ts';
import type { RecordedName } from '../recording/recorded.ts';
import type { MixinSettings } from '../settings/settings.ts';

/** One incident, as the texts of its alert must tell it. */
export interface Incident {
  /** Labels of the alert, those of its target included. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly cause?: CauseEntry;
  /** What the queries in the texts find. */
  readonly found?: Readonly<Partial<Record<RecordedName, number>>>;
}

/** The facts as values: what the templates of the same texts must come out as. */
export function expectedFacts(
  { identityLabels }: MixinSettings,
  { labels, value, cause, found = {} }: Incident,
): Facts {
  return {
    label: (name) => labels[name] ?? '',
    value: (form) => humanize(value, form),
    recorded: ({ name }, form, otherwise) => {
      const number = found[name];
      return number === undefined ? otherwise : humanize(number, form);
    },
    topCause: () => cause?.id ?? UNKNOWN_CAUSE,
    advice: (_, causes) => (cause !== undefined && causes.includes(cause) ? adviceLine(cause) : FALLBACK_ADVICE),
    where: () =>
      identityLabels
        .filter((label) => labels[label] !== undefined)
        .map((label) => ` ${label}=${labels[label]}`)
        .join(''),
    variables: (names) => names.map((name) => `var-${name}=${urlQuery(labels[name] ?? '')}`).join('&'),
  };
}

/** As Prometheus' template functions write numbers: four significant digits. */
export function humanize(value: number, form: Form = 'percentage'): string {
  if (form === 'percentage') return `${fourDigits(value * 100)}%`;
  return form === 'number' ? humanizeNumber(value) : humanizeDuration(value);
}

const PREFIXES = ['', 'k', 'M', 'G', 'T'] as const;

/** For what our texts tell: counts, rates and factors of 1 and above, and 0. */
function humanizeNumber(value: number): string {
  let rest = value;
  let power = 0;
  for (; Math.abs(rest) >= 1000 && power < PREFIXES.length - 1; power += 1) rest /= 1000;
  return `${fourDigits(rest)}${PREFIXES[power]}`;
}

/** `1h 2m 3s`; below a minute with decimals, below a second in milliseconds. */
function humanizeDuration(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${fourDigits(seconds * 1000)}ms`;
  if (seconds < 60) return `${fourDigits(seconds)}s`;
  const whole = Math.trunc(seconds);
  const [days, hours, minutes, rest] = [whole / 86_400, (whole / 3600) % 24, (whole / 60) % 60, whole % 60].map(
    Math.trunc,
  );
  if (days) return `${days}d ${hours}h ${minutes}m ${rest}s`;
  return hours ? `${hours}h ${minutes}m ${rest}s` : `${minutes}m ${rest}s`;
}

function fourDigits(value: number): number {
  return Number(value.toPrecision(4));
}

/** Go's url.QueryEscape, which writes a space as +. */
function urlQuery(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
