/** Samples of one series, oldest first. */
export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly timesMs: ArrayLike<number>;
  /** STALE: the series has ended. */
  readonly values: ArrayLike<number | typeof STALE>;
}

/** Marks the end of a series: without it Prometheus goes on with the last value for five minutes. */
export const STALE = Symbol('stale');
/** The NaN that means it (Prometheus, model/value: StaleNaN). JavaScript cannot hold it: its NaNs are all alike. */
const STALE_BITS = 0x7ff0000000000002n;

/** Field numbers and wire types of prompb.WriteRequest (Prometheus, prompb/remote.proto and types.proto). */
const TIMESERIES = 0x0a;
const LABEL = 0x0a;
const SAMPLE = 0x12;
const NAME = 0x0a;
const VALUE = 0x12;
const SAMPLE_VALUE = 0x09;
const SAMPLE_TIME = 0x10;
const DOUBLE_BYTES = 8;

/** One remote-write request (version 1.0), as it goes over the wire: snappy around protobuf. */
export function encodeWriteRequest(series: readonly WrittenSeries[]): Buffer {
  return snappy(Buffer.concat(series.flatMap(encodeSeries)));
}

function encodeSeries({ labels, timesMs, values }: WrittenSeries): Buffer[] {
  // Remote write asks for names in order.
  const names = Object.keys(labels).sort();
  const encodedLabels = names.map((name) => {
    const body = Buffer.concat([text(NAME, name), text(VALUE, labels[name] ?? '')]);
    return Buffer.concat([Buffer.from([LABEL]), varint(body.length), body]);
  });
  const samples = encodeSamples(timesMs, values);
  const length = encodedLabels.reduce((sum, label) => sum + label.length, samples.length);
  return [Buffer.from([TIMESERIES]), varint(length), ...encodedLabels, samples];
}

/** Written out by hand, byte after byte: a week of a busy log is millions of them. */
function encodeSamples(timesMs: ArrayLike<number>, values: WrittenSeries['values']): Buffer {
  const out = Buffer.allocUnsafe(timesMs.length * (2 + 1 + DOUBLE_BYTES + 1 + MAX_VARINT_BYTES));
  let at = 0;
  for (let index = 0; index < timesMs.length; index += 1) {
    const timeMs = timesMs[index] ?? 0;
    const value = values[index] ?? 0;
    out[at] = SAMPLE;
    out[at + 1] = 1 + DOUBLE_BYTES + 1 + varintLength(timeMs);
    out[at + 2] = SAMPLE_VALUE;
    if (typeof value === 'number') out.writeDoubleLE(value, at + 3);
    else out.writeBigUInt64LE(STALE_BITS, at + 3);
    out[at + 3 + DOUBLE_BYTES] = SAMPLE_TIME;
    at = writeVarint(out, at + 4 + DOUBLE_BYTES, timeMs);
  }
  return out.subarray(0, at);
}

function text(field: number, value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([field]), varint(bytes.length), bytes]);
}

const MAX_VARINT_BYTES = 10;

function varint(value: number): Buffer {
  const out = Buffer.allocUnsafe(MAX_VARINT_BYTES);
  return out.subarray(0, writeVarint(out, 0, value));
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

/** Not with shifts: times in milliseconds have more than 32 bits. */
function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 128) {
    out[at] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
    at += 1;
  }
  out[at] = rest;
  return at + 1;
}

/** A literal of two length bytes (snappy, format_description.txt, 2.1). */
const LITERAL = 61 << 2;
const MAX_LITERAL_BYTES = 65_536;

/** Snappy's block format, which lets bytes stand as they are: on loopback packing them would only cost time. */
function snappy(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)];
  for (let start = 0; start < bytes.length; start += MAX_LITERAL_BYTES) {
    const literal = bytes.subarray(start, start + MAX_LITERAL_BYTES);
    const last = literal.length - 1;
    parts.push(Buffer.from([LITERAL, last & 0xff, last >> 8]), literal);
  }
  return Buffer.concat(parts);
}
