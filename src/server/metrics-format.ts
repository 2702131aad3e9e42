import { renderOpenMetrics, renderText } from '../metrics/exposition.ts';

/** A format of `GET /metrics`. */
export interface MetricsFormat {
  readonly contentType: string;
  readonly render: typeof renderText;
}

const TEXT: MetricsFormat = { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: renderText };

const openMetrics = (version: string): MetricsFormat => ({
  contentType: `application/openmetrics-text; version=${version}; charset=utf-8`,
  render: renderOpenMetrics,
});

/** Between 0.0.1, by which Prometheus before 2.35 calls it, and 1.0.0 nothing changed that we write. */
const FORMATS: readonly { readonly type: string; readonly version: string; readonly format: MetricsFormat }[] = [
  { type: 'text/plain', version: '0.0.4', format: TEXT },
  { type: 'application/openmetrics-text', version: '1.0.0', format: openMetrics('1.0.0') },
  { type: 'application/openmetrics-text', version: '0.0.1', format: openMetrics('0.0.1') },
];

/** A header of more is no scraper's. */
const MAX_RANGES = 32;

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

/**
 * The format that an Accept header (RFC 9110, section 12.5.1) likes best; of several it likes as much, the one that it
 * names first, and of those a wildcard means, text. Text too when there is none for it: a scraper that asks for
 * something else alone is better off with what every Prometheus reads than with a 406. Parameters beside `version` and
 * `q` do not matter: `escaping` has nothing to escape in our names.
 */
export function negotiateFormat(accept: string | undefined): MetricsFormat {
  const ranges = parseAccept(accept ?? '*/*').sort((a, b) => b.quality - a.quality);
  const isRefused = ({ type, version }: (typeof FORMATS)[number]) =>
    ranges.some((range) => range.quality === 0 && range.type === type && (range.version ?? version) === version);
  for (const range of ranges.filter(({ quality }) => quality > 0)) {
    const found = FORMATS.find((offer) => isMeant(range, offer) && !isRefused(offer));
    if (found !== undefined) return found.format;
  }
  return TEXT;
}

function isMeant(range: Range, { type, version }: (typeof FORMATS)[number]): boolean {
  const [main] = type.split('/');
  if (range.type === '*/*' || range.type === `${main}/*`) return true;
  return range.type === type && (range.version ?? version) === version;
}

function parseAccept(accept: string): Range[] {
  return accept
    .split(',', MAX_RANGES)
    .map((range) => {
      const [type = '', ...pairs] = range.split(';').map((part) => part.trim().toLowerCase());
      const parameters = new Map(pairs.map((pair) => splitPair(pair)));
      return { type, version: parameters.get('version'), quality: toQuality(parameters.get('q')) };
    })
    .filter(({ type }) => type !== '');
}

function splitPair(pair: string): readonly [string, string] {
  const [name = '', value = ''] = pair.split('=', 2).map((part) => part.trim());
  return [name, value.replace(/^"(.*)"$/, '$1')];
}

/** What is no quality is read as if it were not there. */
function toQuality(text: string | undefined): number {
  const quality = text === undefined || text === '' ? 1 : Number(text);
  return quality >= 0 && quality <= 1 ? quality : 1;
}
