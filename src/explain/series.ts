import type { Classification } from '../classify/classify.ts';
import type { Clock } from '../clock.ts';
import type { RequestEvent } from '../event/request-event.ts';
import { renderText } from '../metrics/exposition.ts';
import { measureRequest } from '../metrics/record/measure.ts';
import { createMeters } from '../metrics/record/meter.ts';
import { TRUE_VALUES } from '../metrics/scrapers.ts';
import { createStore } from '../metrics/store.ts';
import { providerByName } from '../provider/known.ts';

export interface Counted {
  readonly event: RequestEvent;
  readonly verdict: Classification;
  readonly labels: Readonly<Record<'provider' | 'model' | 'stream', string>>;
}

/** The series that a request would be counted in, and by how much: `llm_requests_total{…} +1`. Counted for real, in a store of its own. */
export function seriesOf({ event, verdict, labels: { provider, model, stream } }: Counted, clock: Clock): string[] {
  const store = createStore({ clock });
  const gatewayTimeoutSeconds = providerByName(event.provider)?.gatewayTimeoutSeconds;
  const meter = createMeters(store)(provider)(model)(stream);
  measureRequest(meter, { event, provider, model, verdict, gatewayTimeoutSeconds });
  if (verdict.cause !== 'none') store.add('llm_classifications_total', { provider, basis: verdict.basis });
  const samples = [...renderText(store.cut(), TRUE_VALUES)].join('').split('\n');
  return firstBuckets(samples.flatMap(increaseOf));
}

/** A sample as an increase; none where there is nothing to see or it is the exporter's own. */
function increaseOf(sample: string): string[] {
  const [, series = '', value] = /^(llm_(?!exporter_).+) (\S+)$/.exec(sample) ?? [];
  return value === undefined || value === '0' ? [] : [`${series} +${value}`];
}

/** Buckets are cumulated: the first that grew says where the value is, and the others follow from it. */
function firstBuckets(increases: readonly string[]): string[] {
  const seen = new Set<string>();
  return increases.filter((increase) => {
    const [family] = increase.split('_bucket{');
    if (family === increase || family === undefined) return true;
    const isFirst = !seen.has(family);
    seen.add(family);
    return isFirst;
  });
}
