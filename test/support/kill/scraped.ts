/** One series of a scrape: of a counter, of a histogram, or the birth of one of these. */
export interface ScrapedSeries {
  /** Name and labels, as they were printed. */
  readonly key: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** OpenMetrics' `_created`: it never changes as long as the counter goes on. */
  readonly isCreated: boolean;
}

const SAMPLE = /^(([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?) (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
/** Endings of sample names, by the type their family declares. */
const ENDINGS: Readonly<Record<string, RegExp>> = {
  counter: /^(_total|_created)?$/,
  histogram: /^(_bucket|_count|_sum|_created)$/,
};

/** Reads the counters and histograms of both formats; those of the format are tested elsewhere, here it is taken as it comes. */
export function readScrape(text: string): readonly ScrapedSeries[] {
  const series: ScrapedSeries[] = [];
  let family = '';
  let endings: RegExp | undefined;
  for (const line of text.split('\n')) {
    const declared = /^# TYPE (\S+) (\S+)/.exec(line);
    if (declared !== null) {
      family = declared[1] ?? '';
      endings = ENDINGS[declared[2] ?? ''];
    }
    if (line === '' || line.startsWith('#') || endings === undefined) continue;
    const [, key, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (key === undefined || name === undefined || !name.startsWith(family)) continue;
    const ending = name.slice(family.length);
    if (!endings.test(ending)) continue;
    series.push({ key, name, labels: readLabels(labels), value: Number(value), isCreated: ending === '_created' });
  }
  return series;
}

function readLabels(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value]));
}
