import type { TimeReader } from '../fields/time.ts';
import { MAX_TIME_BYTES, MIN_TIME_BYTES, TIME } from './kernel/time.ts';
import { AT, HEAD, type Space } from './space.ts';

/**
 * Times with a zone of their own, whose minutes, seconds and fractions may be others with no other change of the time than theirs: ISO 8601 and
 * the time of the common log format. A local time has hours of seventy minutes where clocks are changed, so its minutes are not touched.
 */
const FORMS = [
  /^\d{4}-\d\d-\d\d[T ]\d\d:(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d{3,9}))?(?:Z|[+-]\d\d:\d\d)$/d,
  /^\[?\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:(?<minute>\d\d):(?<second>\d\d) [+-]\d{4}\]?$/d,
];

/** Numbers for which one unit counts: those below are seconds, those above milliseconds. */
const RANGES = [
  { low: 0, high: 1e11 },
  { low: 1e11, high: 1e14 },
];

/** Tells kernels how the times of one log are written. */
export interface TimeMemo {
  /** Makes lines with times like this one readable by a kernel; false where they cannot be made so. */
  learn(written: unknown): boolean;
}

let owners = 0;

/** The rules are asked for more than the time at hand: what the kernel will make of other digits is what they make of them, or is left to them. */
export function createTimeMemo({ memory, head }: Space, readTime: TimeReader): TimeMemo & { use(): void } {
  owners += 1;
  const owner = owners;
  const view = new DataView(memory.buffer, AT.time, 128);
  const bytes = new Uint8Array(memory.buffer, AT.time, 128);
  const putInt = (field: keyof typeof TIME, value: number) => view.setInt32(TIME[field], value, true);
  const putFloat = (field: keyof typeof TIME, value: number) => view.setFloat64(TIME[field], value, true);

  function learnNumber(value: number): boolean {
    const range = RANGES.find(({ low, high }) => value >= low && value < high);
    if (range === undefined) return false;
    const unitMs = [1000, 1].find((unit) =>
      [value, range.low, range.high / 3].every((one) => readTime(one) === Math.round(one * unit)),
    );
    if (unitMs === undefined) return false;
    putInt('owner', owner);
    putInt('length', 0);
    putFloat('low', range.low);
    putFloat('high', range.high);
    putFloat('unitMs', unitMs);
    return true;
  }

  function learnText(text: string): boolean {
    const timeMs = readTime(text);
    const written = Buffer.from(text);
    const { length } = written;
    if (timeMs === undefined || length < MIN_TIME_BYTES || length > MAX_TIME_BYTES) return false;
    const form = formOf(text, readTime);
    putInt('owner', owner);
    putInt('length', length);
    putInt('minuteAt', form?.minuteAt ?? -1);
    putInt('secondAt', form?.secondAt ?? -1);
    putInt('fractionAt', form?.fractionAt ?? 0);
    putInt('fractionDigits', form?.fractionDigits ?? 0);
    putFloat('baseMs', form?.baseMs ?? timeMs);
    const mask = written.map((_, at) => (form?.isFree(at) ? 0 : 0xff));
    bytes.set(written.subarray(0, 16), TIME.head);
    bytes.set(written.subarray(-16), TIME.tail);
    bytes.set(mask.subarray(0, 16), TIME.headMask);
    bytes.set(mask.subarray(-16), TIME.tailMask);
    return true;
  }

  return {
    use() {
      head[HEAD.owner] = owner;
    },
    learn: (written) => (typeof written === 'number' ? learnNumber(written) : learnText(String(written))),
  };
}

interface Form {
  readonly minuteAt: number;
  readonly secondAt: number;
  readonly fractionAt: number;
  readonly fractionDigits: number;
  readonly baseMs: number;
  readonly isFree: (at: number) => boolean;
}

/** Undefined where other digits may mean more than their difference. */
function formOf(text: string, readTime: TimeReader): Form | undefined {
  const groups = FORMS.map((form) => form.exec(text)?.indices?.groups).find((found) => found !== undefined);
  const [minuteAt] = groups?.minute ?? [];
  const [secondAt] = groups?.second ?? [];
  if (minuteAt === undefined || secondAt === undefined) return undefined;
  const [fractionAt = 0, fractionEnd = 0] = groups?.fraction ?? [];
  const isFree = (at: number) =>
    (at >= minuteAt && at < minuteAt + 2) ||
    (at >= secondAt && at < secondAt + 2) ||
    (at >= fractionAt && at < fractionEnd);
  const withDigits = (minute: string, second: string, fraction: string) => {
    const put = (at: number, digits: string, rest: string) =>
      rest.slice(0, at) + digits + rest.slice(at + digits.length);
    return readTime(put(minuteAt, minute, put(secondAt, second, put(fractionAt, fraction, text))));
  };
  const digits = fractionEnd - fractionAt;
  const baseMs = withDigits('00', '00', '0'.repeat(digits));
  const last = withDigits('59', '59', '9'.repeat(digits));
  if (baseMs === undefined || last !== baseMs + 3_599_000 + (digits > 0 ? 999 : 0)) return undefined;
  return { minuteAt, secondAt, fractionAt, fractionDigits: digits, baseMs, isFree };
}
