import { type FieldMap, type FieldName, mapFields } from './field-map.ts';
import type { JsonObject } from './json-object.ts';
import { type Place, placeOf, valueAt } from './place.ts';
import { isBlank } from './values.ts';

/** A value stands where the field is looked for, but it is nothing that the field can be. */
export const INVALID = Symbol('invalid');

/** Finds the fields of a line, whatever they are called in it. */
export interface FieldReader {
  /** The first value that `read` accepts; undefined when the line has none, INVALID when it has only others. */
  pick<T>(
    record: JsonObject,
    name: FieldName,
    read: (value: unknown, key: string) => T | undefined,
  ): T | typeof INVALID | undefined;
  /** As `pick`, where a value that cannot be read is as good as none. */
  pickOptional<T>(
    record: JsonObject,
    name: FieldName,
    read: (value: unknown, key: string) => T | undefined,
  ): T | undefined;
  /** What stands at the first place that exists, even when it is blank; undefined when none does. */
  raw(record: JsonObject, name: FieldName): unknown;
}

export function createFieldReader(map: FieldMap): FieldReader {
  const places = compilePlaces(map);

  function pick<T>(record: JsonObject, name: FieldName, read: (value: unknown, key: string) => T | undefined) {
    let found: typeof INVALID | undefined;
    for (const place of places[name]) {
      const value = valueAt(record, place);
      if (isBlank(value)) continue;
      const result = read(value, place.key);
      if (result !== undefined) return result;
      found = INVALID;
    }
    return found;
  }

  return {
    pick,
    pickOptional(record, name, read) {
      const result = pick(record, name, read);
      return result === INVALID ? undefined : result;
    },
    raw(record, name) {
      for (const place of places[name]) {
        const value = valueAt(record, place);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}

function compilePlaces(map: FieldMap): Readonly<Record<FieldName, readonly Place[]>> {
  return mapFields((name) => map[name].map(placeOf));
}
