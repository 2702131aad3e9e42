/** What a line may say about a request, by the names that the configuration uses. */
export const FIELD_NAMES = [
  'time',
  'code',
  'duration',
  'model',
  'stream',
  'path',
  'method',
  'request_id',
  'error_code',
  'error_type',
  'error_message',
  'input_tokens',
  'output_tokens',
  'first_token',
  'flags',
  'details',
  'upstream_code',
  'upstream_connect_time',
  'upstream_header_time',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

/** Under which dotted paths each field is looked for, best first. */
export type FieldMap = Readonly<Record<FieldName, readonly string[]>>;

/** What a user may say of a field's place: one path, which then is the only one looked at. */
export type FieldChoice = Readonly<Partial<Record<FieldName, string | undefined>>>;

/** A field map of a format that knows only some of the fields. */
export function fieldMap(places: Readonly<Partial<Record<FieldName, readonly string[]>>>): FieldMap {
  return mapFields((name) => places[name] ?? []);
}

/** A field map in which the user's choices stand instead of the usual names. */
export function chooseFields(usual: FieldMap, chosen: FieldChoice): FieldMap {
  return mapFields((name) => (chosen[name] === undefined ? usual[name] : [chosen[name]]));
}

/** A field map that looks in the places of `first`, then in those of `second`. */
export function joinFields(first: FieldMap, second: FieldMap): FieldMap {
  return mapFields((name) => [...new Set([...first[name], ...second[name]])]);
}

/** A record with one value for each field. */
export function mapFields<T>(build: (name: FieldName) => T): Readonly<Record<FieldName, T>> {
  // Safe: FIELD_NAMES holds every key of the record, and each gets its value here.
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, build(name)])) as Readonly<Record<FieldName, T>>;
}
