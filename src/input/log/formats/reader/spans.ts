import type { JsonObject } from '../../fields/json-object.ts';
import { type Place, placeOf, valueAt } from '../../fields/place.ts';
import type { TimeReader } from '../../fields/time.ts';
import type { LogFormat } from '../log-format.ts';

type SecondsReader = (value: unknown, key: string) => number | undefined;

/** Spans of time that no field holds but that follow from others; undefined where the line does not know all of those. */
export interface SpanReader {
  duration(record: JsonObject): number | undefined;
  firstToken(record: JsonObject): number | undefined;
}

export function createSpanReader(format: LogFormat, readSeconds: SecondsReader, readTime: TimeReader): SpanReader {
  const parts = (format.durationParts ?? []).map(placeOf);
  const duration = format.between?.duration?.map(placeOf) ?? [];
  const firstToken = format.between?.first_token?.map(placeOf) ?? [];

  function sum(record: JsonObject): number | undefined {
    let total = parts.length === 0 ? Number.NaN : 0;
    for (const part of parts) total += readSeconds(valueAt(record, part), part.key) ?? Number.NaN;
    return Number.isNaN(total) ? undefined : Number(total.toFixed(6));
  }

  function between(record: JsonObject, [from, to]: readonly Place[]): number | undefined {
    if (from === undefined || to === undefined) return undefined;
    const fromMs = readTime(valueAt(record, from));
    const toMs = readTime(valueAt(record, to));
    return fromMs === undefined || toMs === undefined || toMs < fromMs ? undefined : (toMs - fromMs) / 1000;
  }

  return {
    duration: (record) => sum(record) ?? between(record, duration),
    firstToken: (record) => between(record, firstToken),
  };
}
