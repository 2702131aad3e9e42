import { isDeepStrictEqual } from 'node:util';
import type { FieldName } from '../fields/field-map.ts';
import type { JsonObject } from '../fields/json-object.ts';
import type { TimeReader } from '../fields/time.ts';
import { type DurationUnit, idFrom, isBlank } from '../fields/values.ts';
import type { LineResult } from '../parsed-line.ts';
import { createKindTable } from './kind-table.ts';
import { createKind } from './known-kind.ts';
import type { Roles } from './roles.ts';
import type { Slot } from './slot.ts';
import { HEAD, type KnownKind, SPARE_ROW, type Space, VERDICT } from './space.ts';
import type { TimeMemo } from './time-memo.ts';

/** What the lines of a kind mean. */
export interface Meaning {
  /** The slow reader's rules, which are asked whenever something is new. Undefined: the line is of another kind. */
  readonly read: (record: JsonObject) => LineResult | undefined;
  readonly readTime: TimeReader;
  /** Unit of a duration at this place. */
  readonly unitOf: (place: string) => DurationUnit;
  /** The time of a line is that of its request's beginning. */
  readonly timeIsStart: boolean;
  readonly times: TimeMemo;
}

export interface ReadingOptions extends Meaning {
  readonly space: Space;
  readonly slots: readonly Slot[];
  readonly roles: Roles;
  /** Places of the shape that hold an object. */
  readonly objects: readonly string[];
  /** The number of the shape. */
  readonly shape: number;
  readonly follow: (at: number) => number;
}

/** What to make of the lines of a shape; of the one that was followed last, unless it is said otherwise. */
export interface Reading {
  /** Makes the kernel know lines like it; false where it cannot. */
  teach(): boolean;
  /** What it is. An event is good until the next call. Undefined: of another kind, by a value. */
  read(): LineResult | undefined;
  /** What is left to do for lines that the kernel read into rows. */
  finish(from: number, to: number): void;
}

/**
 * What a line means is found out once for all that differ only in times, numbers and ids, by the slow reader's rules; what is made here is
 * compared with what they give before it is used for any other line.
 */
export function createReading(options: ReadingOptions): Reading {
  const { space, slots, roles, shape, readTime, timeIsStart, times } = options;
  const { head, timeMs, durationSeconds } = space;
  const { valueIn, byRules, requestId } = createValueReader(options);
  const kinds = createKindTable(space, shape, slots.filter(({ use }) => use === 'choice').length);
  const slotOf = (name: FieldName) => slots.find(({ place }) => place === roles.firsts[name]);
  const time = slotOf('time');

  function endMs(beginMs: number, row: number): number {
    const seconds = durationSeconds[row] ?? Number.NaN;
    return timeIsStart && seconds >= 0 ? beginMs + Math.round(seconds * 1000) : beginMs;
  }

  /** Writes the event of the line that was followed; false when it takes the rules to say what its time is. */
  function fill(kind: KnownKind): boolean {
    const beginMs = time && readTime(valueIn(time));
    if (beginMs === undefined) return false;
    timeMs[SPARE_ROW] = endMs(beginMs, SPARE_ROW);
    kind.fill(SPARE_ROW);
    return true;
  }

  /** Finds out what lines like this one are. */
  function meet(): void {
    const result = byRules();
    if (result === 'filtered') kinds.keep(VERDICT.filtered);
    const kind = typeof result === 'object' ? createKind(space, result, requestId) : undefined;
    const isRight = kind !== undefined && fill(kind) && isDeepStrictEqual({ ...kind.event }, result);
    if (isRight) kinds.keep(VERDICT.event, kind);
    else if (result !== 'filtered') kinds.keep(VERDICT.ask);
  }

  /** What is known of lines of its kind. */
  function verdict(): number | undefined {
    if (roles.isOpen || head[HEAD.isOdd] === 1) return VERDICT.ask;
    if (!kinds.isKnown) meet();
    return kinds.verdict;
  }

  return {
    teach() {
      if (time === undefined || verdict() === VERDICT.ask) return false;
      const written = valueIn(time);
      const number = typeof written === 'string' && /^\d+(?:\.\d+)?$/.test(written) ? Number(written) : written;
      return times.learn(number);
    },
    read() {
      const known = verdict();
      if (known === VERDICT.filtered) return 'filtered';
      const kind = known === VERDICT.event ? kinds.kind : undefined;
      return kind !== undefined && fill(kind) ? kind.event : byRules();
    },
    finish(from, to) {
      if (timeIsStart) for (let row = from; row < to; row += 1) timeMs[row] = endMs(timeMs[row] ?? 0, row);
    },
  };
}

/** Reads the values of the line that was followed last. */
function createValueReader({ space, slots, roles, objects, read, follow }: ReadingOptions) {
  const wanted = slots.filter(({ use }) => use !== 'skip');
  const ids = (roles.places.get('request_id') ?? []).flatMap((place) => slots.filter((slot) => slot.place === place));

  /** As the slow reader sees it. Nothing in it is escaped: a line in which something wanted is has been passed on. */
  function valueIn({ index, writing }: Slot): unknown {
    const text = space.bytes.toString('utf8', space.slots[2 * index], space.slots[2 * index + 1]);
    // Never throws: the kernel has let pass only what JSON allows.
    return writing === 'bare' ? JSON.parse(text) : text;
  }

  return {
    valueIn,
    byRules(): LineResult | undefined {
      const record: Record<string, unknown> = {};
      for (const place of objects) if (roles.uses.has(place)) record[place] = {};
      for (const slot of wanted) record[slot.place] = valueIn(slot);
      return read(record);
    },
    /** The id of the line that begins there. */
    requestId(lineAt: number): string | undefined {
      if (ids.length === 0 || follow(lineAt) === -1) return undefined;
      for (const slot of ids) {
        const value = valueIn(slot);
        const id = isBlank(value) ? undefined : idFrom(value);
        if (id !== undefined) return id;
      }
      return undefined;
    },
  };
}
