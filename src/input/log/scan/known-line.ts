import type { RequestEvent, TokenUsage } from '../../../event/request-event.ts';
import type { Choice } from './choices.ts';

/** An event that is used again for each line. */
export type ReusedEvent = { -readonly [K in keyof RequestEvent]: RequestEvent[K] };
export type ReusedTokens = { -readonly [K in keyof TokenUsage]: TokenUsage[K] };

/** Makes the request id of the line that is read now. One for all scanners: events of one shape for the engine, whoever made them. */
const now: { requestId: () => string | undefined } = { requestId: () => undefined };

/** Says how the id of the line that is read now is made. */
export function setRequestId(make: () => string | undefined): void {
  now.requestId = make;
}

/**
 * An event like this one, to be used again: its id is made when it is asked for. Key by key, as an object loses its fast form when a
 * value in it becomes a getter.
 */
export function reusedEvent(event: RequestEvent, tokens: ReusedTokens | undefined): ReusedEvent {
  const entries = Object.entries(event).map(([key, value]): [string, PropertyDescriptor] => {
    if (key === 'requestId') return [key, { get: requestIdNow, enumerable: true }];
    return [key, { value: key === 'tokens' ? tokens : value, writable: true, enumerable: true, configurable: true }];
  });
  // Safe: it has every key of the event, and values of the same types.
  return Object.defineProperties({}, Object.fromEntries(entries)) as ReusedEvent;
}

function requestIdNow(): string | undefined {
  return now.requestId();
}

/** What lines are that differ only in their times, numbers and ids. */
export interface KnownLine {
  /** The values that made it what it is: of each slot that is a choice. */
  readonly choices: readonly (Choice | undefined)[];
  /** Which of its numbers were blank, one bit each. */
  readonly blanks: number;
  readonly event: ReusedEvent | undefined;
  /** That of the event. */
  readonly tokens: ReusedTokens | undefined;
  /** Where there is no event. `again`: it depends on more, and has to be found out for each line. */
  readonly verdict: 'filtered' | 'missing_code' | 'invalid_code' | 'again' | undefined;
}

/** The lines that were met, found by their choices. */
export interface KnownLines {
  find(blanks: number): KnownLine | undefined;
  /** Keeps the line that was looked for last. */
  keep(line: Omit<KnownLine, 'choices' | 'blanks'>): KnownLine;
}

/** A power of two. */
const PLACES = 1024;

/** Two places for each line, as in `choices.ts`. `current` holds the choices of the line that is read, at `indexes`. */
export function createKnownLines(current: readonly (Choice | undefined)[], indexes: readonly number[]): KnownLines {
  const places = new Array<KnownLine | undefined>(PLACES).fill(undefined);
  const count = indexes.length;
  const at = Int32Array.from(indexes);
  let place = 0;
  let wantedBlanks = 0;

  function isCurrent({ choices, blanks }: KnownLine): boolean {
    if (blanks !== wantedBlanks) return false;
    for (let index = 0; index < count; index += 1) if (choices[index] !== current[at[index] ?? 0]) return false;
    return true;
  }

  return {
    find(blanks) {
      let mixed = blanks;
      for (let index = 0; index < count; index += 1) {
        mixed = (Math.imul(mixed, 31) + (current[at[index] ?? 0]?.id ?? 0)) | 0;
      }
      place = Math.imul(mixed, 0x9e3779b1) >>> 22;
      wantedBlanks = blanks;
      const known = places[place];
      if (known !== undefined && isCurrent(known)) return known;
      const other = places[place ^ 1];
      return other !== undefined && isCurrent(other) ? other : undefined;
    },
    keep(line) {
      const known = { ...line, choices: indexes.map((index) => current[index]), blanks: wantedBlanks };
      if (places[place] !== undefined) places[place ^ 1] = places[place];
      places[place] = known;
      return known;
    },
  };
}
