import { numberFrom } from './values.ts';

/** How a log writes points in time. `auto` tells them apart by their looks. */
export const TIME_FORMATS = ['auto', 'iso', 'epoch_s', 'epoch_ms', 'clf'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** HAProxy adds milliseconds and leaves out the zone. */
const CLF =
  /^\[?(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?: ([+-])(\d{2})(\d{2}))?\]?$/;
/** nginx's error log: `2026/09/02 00:31:44`. */
const SLASHED = /^(\d{4})\/(\d{2})\/(\d{2}) (\d{2}:\d{2}:\d{2})$/;
/** Checked before `Date.parse`, which also makes dates of much that is none. */
const ISO = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

/** The last moment a Date can hold; beyond it is no time (ECMA-262, 21.4.1.1). */
const MAX_TIME_MS = 8.64e15;

/** Seconds pass this in the year 5138; milliseconds passed it in 1973. And so on for the next steps. */
const MAX_EPOCH_SECONDS = 1e11;
const MAX_EPOCH_MS = 1e14;
const MAX_EPOCH_US = 1e17;

/** Epoch milliseconds of what a log wrote, or undefined when that is no time. */
export type TimeReader = (value: unknown) => number | undefined;

/** Reads the times of one log. A time without a zone is local: the log is of this host, or of one that is set like it. */
export function createTimeReader(format: TimeFormat): TimeReader {
  // Logs write the time to the second, so under load neighbours are alike and need no second reading.
  let last: unknown;
  let lastTimeMs: number | undefined;
  return (value) => {
    if (value !== last) {
      last = value;
      lastTimeMs = plausible(read(value, format));
    }
    return lastTimeMs;
  };
}

function plausible(timeMs: number | undefined): number | undefined {
  return timeMs !== undefined && timeMs >= 0 && timeMs <= MAX_TIME_MS ? Math.round(timeMs) : undefined;
}

function read(value: unknown, format: TimeFormat): number | undefined {
  switch (format) {
    case 'auto':
      return readAuto(value);
    case 'iso':
      return readIso(value);
    case 'clf':
      return readClf(value);
    case 'epoch_s':
      return scale(numberFrom(value), 1000);
    case 'epoch_ms':
      return numberFrom(value);
    default:
      return format satisfies never;
  }
}

function readAuto(value: unknown): number | undefined {
  const number = numberFrom(value);
  if (number !== undefined) return epochMs(number);
  return readIso(value) ?? readClf(value) ?? readSlashed(value);
}

function epochMs(number: number): number {
  if (number < MAX_EPOCH_SECONDS) return number * 1000;
  if (number < MAX_EPOCH_MS) return number;
  return number < MAX_EPOCH_US ? number / 1e3 : number / 1e6;
}

function readIso(value: unknown): number | undefined {
  if (typeof value !== 'string' || !ISO.test(value)) return undefined;
  const timeMs = Date.parse(value);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** `02/Sep/2026:00:31:44 +0000`: nginx's `$time_local` and Apache's `%t`; local without a zone. */
function readClf(value: unknown): number | undefined {
  const match = typeof value === 'string' ? CLF.exec(value) : null;
  if (match === null) return undefined;
  const [, day, monthName = '', year, hours, minutes, seconds, fraction = '0', sign, zoneHours, zoneMinutes] = match;
  const month = MONTHS.indexOf(monthName);
  if (month === -1) return undefined;
  const parts = [Number(year), month, Number(day), Number(hours), Number(minutes), Number(seconds)] as const;
  const ms = Number(`0.${fraction}`) * 1000;
  if (sign === undefined) return new Date(...parts).getTime() + ms;
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -60_000 : 60_000);
  return Date.UTC(...parts) - zone + ms;
}

function readSlashed(value: unknown): number | undefined {
  const match = typeof value === 'string' ? SLASHED.exec(value) : null;
  return match === null ? undefined : readIso(`${match[1]}-${match[2]}-${match[3]}T${match[4]}`);
}

function scale(number: number | undefined, by: number): number | undefined {
  return number === undefined ? undefined : number * by;
}
