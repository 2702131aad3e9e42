/** One sample for each scrape: a number, nothing (the scrape failed), or Prometheus' mark that the series has ended. */
export type Sample = number | 'missing' | 'stale';

/** Samples in promtool's notation, where `a+bxn` stands for n + 1 samples: stretches of constant growth are one word. */
export function promtoolValues(samples: readonly Sample[]): string {
  const words: string[] = [];
  let end = Number.NaN;
  for (let at = 0; at < samples.length; ) {
    const length = runLength(samples, at);
    const run = runAt(samples, at, length);
    words.push(word(run, end));
    end = endOf(run, end);
    at += length;
  }
  return words.join(' ');
}

/** Samples that are alike or grow by the same step. */
interface Run {
  readonly first: Sample;
  readonly step: number;
  readonly length: number;
}

function runAt(samples: readonly Sample[], at: number, length: number): Run {
  return { first: samples[at] ?? 'missing', step: stepAt(samples, at) ?? 0, length };
}

/** How many samples from `at` on are alike or grow by the same step. */
function runLength(samples: readonly Sample[], at: number): number {
  const first = samples[at];
  let end = at + 1;
  if (typeof first !== 'number') {
    // One mark ends a series; more of them are what a missing sample is.
    while (first === 'missing' && samples[end] === first) end += 1;
    return end - at;
  }
  const step = stepAt(samples, at);
  while (step !== undefined && stepAt(samples, end - 1) === step) end += 1;
  return end - at;
}

/** By how much the sample behind `at` differs; undefined where one of the two is no number. */
function stepAt(samples: readonly Sample[], at: number): number | undefined {
  const [value, next] = [samples[at], samples[at + 1]];
  return typeof value === 'number' && typeof next === 'number' ? rounded(next - value) : undefined;
}

function word({ first, step, length }: Run, end: number): string {
  if (typeof first !== 'number') return first === 'stale' ? 'stale' : length === 1 ? '_' : `_x${length}`;
  const start = startOf(first, end);
  return length === 1 ? String(start) : `${start}${step < 0 ? '' : '+'}${step}x${length - 1}`;
}

/** Far less than a request, far more than floating point and the rounding of a step lose over a run. */
const NOISE = 0.001;

/**
 * promtool adds step to step, and the noise of that may end above where the next run begins: to Prometheus a counter that
 * was reset, all of which is growth. So the next run begins where the noise ended.
 */
function startOf(first: number, end: number): number {
  const start = rounded(first);
  return start < end && end - start < NOISE ? end : start;
}

function endOf({ first, step, length }: Run, end: number): number {
  if (typeof first !== 'number') return end;
  let value = startOf(first, end);
  for (let count = 1; count < length; count += 1) value += step;
  return value;
}

/** Fractions of requests are fine; the noise of floating point is not. */
function rounded(value: number): number {
  return Number(value.toFixed(9));
}
