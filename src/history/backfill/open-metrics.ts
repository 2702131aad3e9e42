import { type FamilyName, families } from '../../metrics/families.ts';
import { escapeQuoted, formatLabels, formatValue } from '../../metrics/text-format.ts';
import type { CellPart, Series } from '../replay/chunk.ts';

export const END_OF_FILE = '# EOF\n';

/** Labels that every series gets beside its own, such as the job that a live exporter is scraped as. */
export type TargetLabels = Readonly<Record<string, string>>;

/** The lines before the samples of a family. OpenMetrics names a counter's family without its `_total`. */
export function familyHeader(name: FamilyName): string {
  const { type, help } = families[name];
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  return `# HELP ${family} ${escapeQuoted(help)}\n# TYPE ${family} ${type}\n`;
}

/** What stands before the value of each sample of a series. */
function sampleHead({ name, labels }: Series, target: TargetLabels): string {
  const all = [...Object.entries(target), ...labels];
  const text = formatLabels(
    all.map(([label]) => label),
    all.map(([, value]) => value),
  );
  return text === '' ? `${name} ` : `${name}{${text}} `;
}

export interface Placed {
  readonly target: TargetLabels;
  /** Of the first sample. */
  readonly startMs: number;
  readonly intervalMs: number;
}

/** The samples of a counter, gauge or histogram, moment by moment: a histogram's stay together. */
export function sampleLines({ series, values }: Pick<CellPart, 'series' | 'values'>, placed: Placed): string {
  const { target, startMs, intervalMs } = placed;
  const heads = series.map((one) => sampleHead(one, target));
  // Most samples repeat the one before.
  const latest = heads.map(() => ({ value: Number.NaN, text: '' }));
  let text = '';
  for (let at = 0; at < (values[0]?.length ?? 0); at += 1) {
    const time = `${(startMs + at * intervalMs) / 1000}\n`;
    for (let index = 0; index < heads.length; index += 1) {
      const value = values[index]?.[at] ?? 0;
      const before = latest[index];
      if (before === undefined) continue;
      if (before.value !== value) {
        before.value = value;
        before.text = `${heads[index]}${formatValue(value)} `;
      }
      text += before.text + time;
    }
  }
  return text;
}
