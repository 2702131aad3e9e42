/** A full set of labels as plain data; the store checks names at compile time through `Labels<N>`. */
export type LabelSet = Readonly<Record<string, string>>;

/** Names and values, in the same order, as one record. */
export function toLabelSet(names: readonly string[], values: readonly string[]): LabelSet {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

/** A sample value as Prometheus reads it; JavaScript's own spelling of infinities is not understood there. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/**
 * A bucket's bound or a quantile as OpenMetrics spells it: `1.0`. In both formats, because as a label `1` and `1.0` are
 * two series, and a scraper that changes the format would lose its histograms. From 0.0001 to 999,999, beyond which Go
 * uses exponents.
 */
export function formatBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : formatValue(bound);
}

/** `a="1",b="2"` in the order of the table, escaped: what stands between the braces of a sample. */
export function formatLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeQuoted(values[index] ?? '')}"`).join(',');
}

/**
 * The label value as it will be read back. Lone surrogates have no UTF-8 form, and Prometheus' lexer takes a NUL for
 * the end of the text: both become U+FFFD before the value is used as a key, so that two series never print alike.
 */
export function toLabelValue(value: string): string {
  return value.toWellFormed().replaceAll('\0', '\uFFFD');
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** A label value in both formats, a help text in OpenMetrics. */
export function escapeQuoted(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => ESCAPES[character] ?? character);
}

/** A help text in the text format, where quotes stay as they are. */
export function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (character) => ESCAPES[character] ?? character);
}
