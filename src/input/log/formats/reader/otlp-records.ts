import { isJsonObject, type JsonObject } from '../../fields/json-object.ts';

/** How deep an export nests: resource, scope, span. */
const LEVELS = ['resourceSpans', 'scopeSpans', 'spans'] as const;
/** `Error` in the enumeration of span states (opentelemetry/proto/trace/v1/trace.proto). */
const STATUS_ERROR = 2;

/** The spans of one export that belong to GenAI, as flat records; `others` counts those that do not. */
export interface OtlpRecords {
  readonly records: readonly JsonObject[];
  readonly others: number;
}

/** Takes an export apart. Anything that is no span, or holds nothing that a span may hold, is left out. */
export function otlpRecords(exported: JsonObject): OtlpRecords {
  let objects: readonly JsonObject[] = [exported];
  for (const level of LEVELS) objects = objects.flatMap((object) => objectsIn(object[level]));
  const records = objects.map(flatten).filter(isGenAi);
  return { records, others: objects.length - records.length };
}

/** Older instrumentations have `gen_ai.system` and no operation. */
function isGenAi(record: JsonObject): boolean {
  return ['gen_ai.operation.name', 'gen_ai.request.model', 'gen_ai.system'].some((key) => record[key] !== undefined);
}

function flatten(span: JsonObject): JsonObject {
  const status = isJsonObject(span.status) ? span.status : {};
  const events = objectsIn(span.events).map((event) => attributesOf(event.attributes));
  const exception = events.find((event) => event['exception.type'] ?? event['exception.message']);
  const attributes = { ...exception, ...attributesOf(span.attributes) };
  const failed =
    Number(status.code) === STATUS_ERROR || status.code === 'STATUS_CODE_ERROR' || 'error.type' in attributes;
  return {
    ...attributes,
    traceId: span.traceId,
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    'status.message': status.message,
    failed,
    // `success` reads as 200 where no attribute gives a status.
    outcome: failed ? undefined : 'success',
  };
}

function attributesOf(list: unknown): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { key, value } of objectsIn(list)) {
    if (typeof key === 'string' && isJsonObject(value)) found[key] = scalarOf(value);
  }
  return found;
}

/** A 64-bit integer is text in JSON (https://protobuf.dev/programming-guides/json/). Lists, where messages are, are passed over. */
function scalarOf({ stringValue, intValue, doubleValue, boolValue }: JsonObject): unknown {
  return stringValue ?? intValue ?? doubleValue ?? boolValue;
}

function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
