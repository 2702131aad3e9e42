const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
  y: 365 * 86_400,
};
const DURATION = /^(?:\d+(?:ms|[smhdwy]))+$/;

/** Seconds of `1h30m`; undefined where it is no duration. */
export function readDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (total, [, count, unit = '']) => total + Number(count) * (SECONDS[unit] ?? 0),
    0,
  );
}

/** A duration as Prometheus reads it, in the one unit that leaves no fraction. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return '0s';
  const unit = ['d', 'h', 'm', 's'].find((name) => seconds % (SECONDS[name] ?? 1) === 0);
  return unit === undefined ? `${Math.round(seconds * 1000)}ms` : `${seconds / (SECONDS[unit] ?? 1)}${unit}`;
}

/** A number literal of PromQL: `0.5`, `1e3`, `0x1F`, `Inf`, and with Prometheus 3 a duration in seconds. */
export function readNumber(text: string): number {
  if (/^inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  return readDuration(text) ?? Number(text.replaceAll('_', ''));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** What a quoted text says. Go's rarer escapes stay as they are: no rule of ours needs them. */
export function unquote(text: string): string {
  const quote = text[0];
  if (quote === '`') return text.slice(1, -1);
  if (quote !== '"' && quote !== "'") return text;
  return text.slice(1, -1).replace(/\\(["'\\ntr])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

/** The same text between double quotes. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
