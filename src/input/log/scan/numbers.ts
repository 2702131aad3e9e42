import type { FieldName } from '../fields/field-map.ts';
import type { DurationUnit } from '../fields/values.ts';
import type { ReusedEvent, ReusedTokens } from './known-line.ts';
import { isBlankIn, type Line } from './line.ts';
import type { Roles } from './roles.ts';
import type { Found, Slot } from './slot.ts';

/** The numbers of a shape's lines. */
export interface Numbers {
  /** Which of them are blank in this line, one bit each; -1 when one is neither blank nor a plain decimal. */
  blanks(): number;
  /** Writes them into an event; false when one is not what the slow reader certainly takes. */
  fill(event: ReusedEvent, tokens: ReusedTokens | undefined): boolean;
}

export interface NumbersOptions {
  readonly line: Line;
  readonly found: Found;
  readonly roles: Roles;
  readonly slotOf: (name: FieldName) => Slot | undefined;
  readonly unitOf: (place: string) => DurationUnit;
}

const FIELDS = [
  'duration',
  'first_token',
  'input_tokens',
  'output_tokens',
  'upstream_connect_time',
  'upstream_header_time',
] as const satisfies readonly FieldName[];

/** Far less than the slow reader takes for possible: what lies between is for it to judge. */
const MAX_SECONDS = 10_000;

const UNITS_PER_SECOND: Readonly<Record<DurationUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };

export function createNumbers({ line, found, roles, slotOf, unitOf }: NumbersOptions): Numbers {
  const { numbers, from, to } = found;
  const slots = FIELDS.flatMap((name) => {
    const slot = slotOf(name);
    // Where it is blank, another place counts if there is one. A zero that is not written as 0.000 is Traefik's way to say nothing.
    return slot === undefined
      ? []
      : [{ slot, isLone: roles.places.get(name)?.length === 1, zeroIsBlank: name.startsWith('upstream_') }];
  });
  const indexes = Int32Array.from(slots, ({ slot }) => slot.index);
  const indexOf = (name: FieldName) => slotOf(name)?.index ?? -1;
  const duration = indexOf('duration');
  const firstToken = indexOf('first_token');
  const input = indexOf('input_tokens');
  const output = indexOf('output_tokens');
  const perSecond = (name: FieldName) => UNITS_PER_SECOND[unitOf(slotOf(name)?.place ?? '')];
  const durationPerSecond = perSecond('duration');
  const firstTokenPerSecond = perSecond('first_token');
  const isCount = (index: number) => Number.isNaN(numbers[index]) || Number.isInteger(numbers[index]);

  function closerLook(): number {
    let blanks = 0;
    for (const [at, { slot, isLone, zeroIsBlank }] of slots.entries()) {
      const { index, writing } = slot;
      const [number = Number.NaN, start = 0, end = 0] = [numbers[index], from[index], to[index]];
      if (number === 0 && zeroIsBlank && (writing === 'bare' || end === start + 1)) return -1;
      if (number >= 0) continue;
      if (!isLone || !isBlankIn(line, writing, start, end)) return -1;
      blanks |= 1 << at;
    }
    return blanks;
  }

  return {
    blanks() {
      for (let at = 0; at < indexes.length; at += 1) {
        const number = numbers[indexes[at] ?? 0] ?? Number.NaN;
        if (!(number > 0)) return closerLook();
      }
      return 0;
    },
    fill(event, tokens) {
      if (duration !== -1) {
        const seconds = (numbers[duration] ?? Number.NaN) / durationPerSecond;
        if (seconds > MAX_SECONDS) return false;
        if (seconds >= 0) event.durationSeconds = seconds;
      }
      if (firstToken !== -1) {
        const seconds = (numbers[firstToken] ?? Number.NaN) / firstTokenPerSecond;
        if (seconds > MAX_SECONDS) return false;
        if (seconds >= 0) event.firstTokenSeconds = seconds;
      }
      if (tokens === undefined) return true;
      if (input !== -1 && (numbers[input] ?? Number.NaN) >= 0) tokens.input = numbers[input];
      if (output !== -1 && (numbers[output] ?? Number.NaN) >= 0) tokens.output = numbers[output];
      return isCount(input) && isCount(output);
    },
  };
}
