import type { FieldName } from '../fields/field-map.ts';
import type { DurationUnit } from '../fields/values.ts';
import type { Roles } from './roles.ts';
import type { Column, NumberUse } from './slot.ts';

const COLUMNS = {
  duration: 'durationSeconds',
  first_token: 'firstTokenSeconds',
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  upstream_connect_time: undefined,
  upstream_header_time: undefined,
} as const satisfies Readonly<Partial<Record<FieldName, Column | undefined>>>;

// Safe: the keys of the table are those of its type.
const FIELDS = Object.keys(COLUMNS) as readonly (keyof typeof COLUMNS)[];

const UNITS_PER_SECOND: Readonly<Record<DurationUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };

/** What the numbers of a shape are for, by their places. */
export function numberUses(roles: Roles, unitOf: (place: string) => DurationUnit): ReadonlyMap<string, NumberUse> {
  const uses = new Map<string, NumberUse>();
  for (const [bit, name] of FIELDS.entries()) {
    const place = roles.firsts[name];
    if (place === undefined || roles.uses.get(place) !== 'number') continue;
    const former = uses.get(place);
    const column = COLUMNS[name];
    // Where it is blank, another place counts if there is one.
    const isLone = roles.places.get(name)?.length === 1 && (former === undefined || former.blank !== undefined);
    uses.set(place, {
      columns: [...(former?.columns ?? []), ...(column === undefined ? [] : [column])],
      perSecond: name.endsWith('_tokens') ? 1 : UNITS_PER_SECOND[unitOf(place)],
      blank: isLone ? (former?.blank ?? bit) : undefined,
      zeroIsBlank: former?.zeroIsBlank === true || name.startsWith('upstream_'),
    });
  }
  return uses;
}
