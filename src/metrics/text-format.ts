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

/** `a="1",b="2"` in the order of the table, escaped: what stands between the braces of a sample. */
export function formatLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeLabelValue(values[index] ?? '')}"`).join(',');
}

/**
 * The label value as it will be read back. Lone surrogates have no UTF-8 form, and Prometheus' lexer takes a NUL for
 * the end of the text: both become U+FFFD before the value is used as a key, so that two series never print alike.
 */
export function toLabelValue(value: string): string {
  return value.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** `# HELP` and `# TYPE` lines of a family. */
export function formatHeader({ name, help, type }: { name: string; help: string; type: string }): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

const LABEL_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => LABEL_ESCAPES[character] ?? character);
}

/** Quotes stay as they are in help texts. */
function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (character) => LABEL_ESCAPES[character] ?? character);
}
