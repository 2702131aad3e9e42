import { isDeepStrictEqual } from 'node:util';
import type { FieldName } from '../fields/field-map.ts';
import type { JsonObject } from '../fields/json-object.ts';
import type { TimeReader } from '../fields/time.ts';
import { type DurationUnit, idFrom, isBlank } from '../fields/values.ts';
import type { LineResult } from '../parsed-line.ts';
import {
  createKnownLines,
  type KnownLine,
  type ReusedEvent,
  type ReusedTokens,
  reusedEvent,
  setRequestId,
} from './known-line.ts';
import { isBlankIn, type Line, valueIn } from './line.ts';
import { createNumbers } from './numbers.ts';
import type { Roles } from './roles.ts';
import type { Found, Slot } from './slot.ts';

/** What the lines of a kind mean. */
export interface Meaning {
  /** The slow reader's rules, which are asked whenever something is new. Undefined: the line is of another kind. */
  readonly read: (record: JsonObject) => LineResult | undefined;
  readonly readTime: TimeReader;
  /** Unit of a duration at this place. */
  readonly unitOf: (place: string) => DurationUnit;
  /** The time of a line is that of its request's beginning. */
  readonly timeIsStart: boolean;
}

export interface ReadingOptions extends Meaning {
  readonly line: Line;
  readonly found: Found;
  readonly slots: readonly Slot[];
  readonly roles: Roles;
  /** Places of the shape that hold an object. */
  readonly objects: readonly string[];
}

/**
 * Makes an event of the values that were found in a line. What a line means is found out once for all that differ only in times, numbers
 * and ids, by the slow reader's rules; what is made here is compared with what they give before it is used for any other line. The event
 * is used again for each of them, so that a line makes nothing: it is good until the next call.
 */
export function createReading(options: ReadingOptions): () => LineResult | undefined {
  const { line, found, slots, roles, read, readTime, timeIsStart } = options;
  const wanted = slots.filter(({ use }) => use !== 'skip');
  const texts = slots.filter(({ use }) => use === 'text');
  const choices = slots.filter(({ use }) => use === 'choice');
  const known = createKnownLines(
    found.choices,
    choices.map(({ index }) => index),
  );
  const slotOf = (name: FieldName) => slots.find(({ place }) => place === roles.firsts[name]);
  const time = slotOf('time')?.index ?? -1;
  const numbers = createNumbers({ ...options, slotOf });
  const ids = (roles.places.get('request_id') ?? []).flatMap((place) => slots.filter((slot) => slot.place === place));

  function valueOfSlot({ index, writing }: Slot): unknown {
    return valueIn(line, writing, found.from[index] ?? 0, found.to[index] ?? 0);
  }

  function byRules(): LineResult | undefined {
    const record: Record<string, unknown> = {};
    for (const place of options.objects) if (roles.uses.has(place)) record[place] = {};
    for (const slot of wanted)
      record[slot.place] = slot.use === 'choice' ? found.choices[slot.index]?.value : valueOfSlot(slot);
    return read(record);
  }

  function requestId(): string | undefined {
    for (const slot of ids) {
      const value = valueOfSlot(slot);
      const id = isBlank(value) ? undefined : idFrom(value);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  function hasText(): boolean {
    return texts.some(({ index, writing }) => !isBlankIn(line, writing, found.from[index] ?? 0, found.to[index] ?? 0));
  }

  /** Writes what differs from line to line into an event; false when it takes the rules to say what that is. */
  function fill(event: ReusedEvent, tokens: ReusedTokens | undefined): boolean {
    if (time === -1) return false;
    const number = found.numbers[time] ?? Number.NaN;
    const timeMs = readTime(Number.isNaN(number) ? found.choices[time]?.value : number);
    setRequestId(requestId);
    if (timeMs === undefined || !numbers.fill(event, tokens)) return false;
    event.timeMs = timeIsStart ? timeMs + Math.round((event.durationSeconds ?? 0) * 1000) : timeMs;
    return true;
  }

  /** Finds out what lines like this one are. */
  function meet(): KnownLine {
    const result = byRules();
    const verdict = (verdict: KnownLine['verdict']) => known.keep({ verdict, event: undefined, tokens: undefined });
    if (result === 'filtered' || result === 'missing_code' || result === 'invalid_code') return verdict(result);
    if (typeof result !== 'object') return verdict('again');
    const tokens = result.tokens === undefined ? undefined : { ...result.tokens };
    const event = reusedEvent(result, tokens);
    const isRight = fill(event, tokens) && isDeepStrictEqual({ ...event }, result);
    return isRight ? known.keep({ event, tokens, verdict: undefined }) : verdict('again');
  }

  return () => {
    if (roles.isOpen || (texts.length > 0 && hasText())) return byRules();
    const blanks = numbers.blanks();
    if (blanks === -1) return byRules();
    const { event, tokens, verdict } = known.find(blanks) ?? meet();
    if (event === undefined) return verdict === 'again' ? byRules() : verdict;
    return fill(event, tokens) ? event : byRules();
  };
}
