import type { JsonObject } from '../../fields/json-object.ts';
import { placeOf, valueAt } from '../../fields/place.ts';
import { textFrom } from '../../fields/values.ts';
import type { Joins } from '../log-format.ts';

/** Requests that are remembered at a time; beyond it the oldest is forgotten, and read as its later line stands. */
const MAX_REMEMBERED = 4096;
/** Longest text that is remembered of one. A longer path is none of an LLM API's. */
const MAX_LENGTH = 256;

/** Gives a record what an earlier one of the same request said. What is remembered is lost in a restart. */
export function createJoiner({ by, places }: Joins): (record: JsonObject) => JsonObject {
  const key = placeOf(by);
  const placed = places.map(placeOf);
  const begun = new Map<string, JsonObject>();

  return (record) => {
    const id = textFrom(valueAt(record, key));
    if (id === undefined || id.length > MAX_LENGTH) return record;
    const said: Record<string, string> = {};
    for (const place of placed) {
      const text = textFrom(valueAt(record, place));
      if (text !== undefined) said[place.key] = text.slice(0, MAX_LENGTH);
    }
    if (Object.keys(said).length === 0) {
      const before = begun.get(id);
      begun.delete(id);
      return before === undefined ? record : { ...record, ...before };
    }
    const [oldest] = begun.keys();
    if (begun.size >= MAX_REMEMBERED && oldest !== undefined) begun.delete(oldest);
    begun.set(id, said);
    return record;
  };
}
