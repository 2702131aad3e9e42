import type { JsonObject } from '../../fields/json-object.ts';
import { placeOf, valueAt } from '../../fields/place.ts';
import { textFrom } from '../../fields/values.ts';
import type { Mark, Meaning } from '../log-format.ts';

/**
 * Longest beginning of a value that patterns look at. All that they look for stands there, and what clients wrote into the rest must not
 * make them search for long.
 */
export const MAX_SEARCHED_LENGTH = 512;

const NO_MEANING: Meaning = Object.freeze({});

/** Builds what finds the first mark that a record bears. `code` is the status that the record itself gives. */
export function createMarkReader(marks: readonly Mark[]): (record: JsonObject, code: number | undefined) => Meaning {
  const placed = marks.map((mark) => ({ ...mark, place: placeOf(mark.at) }));
  return (record, code) => {
    for (const { place, is, beside, means } of placed) {
      if (beside !== undefined && (code === undefined || !beside.includes(code))) continue;
      const value = valueAt(record, place);
      const text = typeof value === 'boolean' ? String(value) : textFrom(value);
      if (text !== undefined && (typeof is === 'string' ? text === is : is.test(text.slice(0, MAX_SEARCHED_LENGTH)))) {
        return means;
      }
    }
    return NO_MEANING;
  };
}
