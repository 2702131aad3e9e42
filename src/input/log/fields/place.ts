import { isJsonObject, type JsonObject } from './json-object.ts';

/** Where a value stands in a record: a key, or a dotted path through objects. */
export interface Place {
  readonly key: string;
  readonly steps: readonly string[];
}

export function placeOf(path: string): Place {
  return { key: path, steps: path.split('.') };
}

/** What stands there. A key that holds dots itself (`gen_ai.request.model`) goes before the path it could also be. */
export function valueAt(record: JsonObject, { key, steps }: Place): unknown {
  const direct = record[key];
  if (direct !== undefined || steps.length === 1) return direct;
  let value: unknown = record;
  for (const step of steps) {
    if (!isJsonObject(value)) return undefined;
    value = value[step];
  }
  return value;
}
