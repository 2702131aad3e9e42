/** `name{a="x",b="y"} 1`; label values in which `"` and `\` are escaped, as the text format has it. */
const SERIES = /^llm_requests_total\{(.*)\} (\d+)/gm;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const COLUMNS = ['model', 'code', 'cause'] as const;

/** The exporter's own count of requests by model, code and cause, from its metrics page, as a table. */
export async function requestTable(webUrl: string): Promise<string> {
  const response = await fetch(`${webUrl}/metrics`);
  return tableOf(await response.text());
}

/** Streamed and whole answers are added up; what never happened takes no row. */
export function tableOf(metrics: string): string {
  const counts = new Map<string, number>();
  for (const [, text = '', value] of metrics.matchAll(SERIES)) {
    if (Number(value) === 0) continue;
    const labels = Object.fromEntries([...text.matchAll(LABEL)].map(([, name, label]) => [name, label]));
    const key = JSON.stringify(COLUMNS.map((column) => labels[column] ?? ''));
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  const rows = [...counts].map(([key, count]): readonly string[] => {
    const values: readonly string[] = JSON.parse(key);
    return [...values, String(count)];
  });
  return aligned([[...COLUMNS, 'requests'], ...rows.sort((a, b) => a.join().localeCompare(b.join()))]);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `  ${line.trimEnd()}\n`).join('');
}
