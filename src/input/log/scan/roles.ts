import { FIELD_NAMES, type FieldName } from '../fields/field-map.ts';
import type { LogFormat } from '../formats/log-format.ts';
import type { Use } from './slot.ts';

/** What the first place of each field is wanted for. */
const USES: Readonly<Record<FieldName, Use>> = {
  time: 'time',
  code: 'choice',
  duration: 'number',
  model: 'choice',
  stream: 'choice',
  path: 'choice',
  method: 'choice',
  request_id: 'id',
  error_code: 'choice',
  error_type: 'choice',
  error_message: 'text',
  input_tokens: 'number',
  output_tokens: 'number',
  first_token: 'number',
  flags: 'choice',
  details: 'choice',
  upstream_code: 'choice',
  upstream_connect_time: 'number',
  upstream_header_time: 'number',
};

/** These are looked at wherever the field may stand; of the others the first place is enough while it holds something. */
const OF_EVERY_PLACE: ReadonlySet<Use> = new Set(['choice', 'id', 'text']);

/** Which of its values a shape's lines are read by. */
export interface Roles {
  readonly uses: ReadonlyMap<string, Use>;
  /** The place in this shape that each field is read from, while it holds something. */
  readonly firsts: Readonly<Partial<Record<FieldName, string>>>;
  /** The places of each field that this shape has, best first. */
  readonly places: ReadonlyMap<FieldName, readonly string[]>;
  /** One value has two uses that exclude each other, or the format has rules that these uses do not know: nothing may be remembered. */
  readonly isOpen: boolean;
}

/** Decides what each value of a shape is wanted for. `has` are the places that the shape has. */
export function rolesOf(format: LogFormat, has: ReadonlySet<string>): Roles {
  const uses = new Map<string, Use>();
  const firsts: Partial<Record<FieldName, string>> = {};
  const places = new Map<FieldName, readonly string[]>();
  let isOpen = format.durationParts !== undefined || format.between !== undefined;
  const want = (place: string, use: Use) => {
    const known = uses.get(place);
    if (known === undefined || known === 'spare') uses.set(place, use);
    else if (known !== use && use !== 'spare') isOpen = true;
  };
  for (const name of FIELD_NAMES) {
    const present = format.fields[name].filter((place) => has.has(place));
    places.set(name, present);
    const [first] = present;
    if (first !== undefined) firsts[name] = first;
    const use = USES[name];
    for (const place of present) want(place, place === first || OF_EVERY_PLACE.has(use) ? use : 'spare');
  }
  for (const place of otherPlaces(format)) if (has.has(place.at)) want(place.at, place.use);
  return { uses, firsts, places, isOpen };
}

function otherPlaces(format: LogFormat): readonly { readonly at: string; readonly use: Use }[] {
  const { marks = [], signs = [], upstream, durationParts = [], between } = format;
  return [
    ...marks.map(({ at }) => ({ at, use: 'choice' as const })),
    // That a place is there is known by the shape; what stands there is not.
    ...signs.flatMap((sign) =>
      typeof sign === 'string' ? { at: sign, use: 'spare' as const } : { at: sign.at, use: 'choice' as const },
    ),
    ...(upstream === undefined ? [] : [{ at: upstream, use: 'choice' as const }]),
    ...[...durationParts, ...(between?.duration ?? []), ...(between?.first_token ?? [])].map((at) => ({
      at,
      use: 'spare' as const,
    })),
  ];
}
