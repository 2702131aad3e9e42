/** One sample for each scrape: a number, nothing (the scrape failed), or Prometheus' mark that the series has ended. */
export type Sample = number | 'missing' | 'stale';

/** Samples in promtool's notation, where `a+bxn` stands for n + 1 samples: stretches of constant growth are one word. */
export function promtoolValues(samples: readonly Sample[]): string {
  const words: string[] = [];
  for (let at = 0; at < samples.length; ) {
    const length = runLength(samples, at);
    words.push(word(samples, at, length));
    at += length;
  }
  return words.join(' ');
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

function word(samples: readonly Sample[], at: number, length: number): string {
  const first = samples[at];
  if (typeof first !== 'number') return first === 'stale' ? 'stale' : length === 1 ? '_' : `_x${length}`;
  if (length === 1) return String(rounded(first));
  const step = stepAt(samples, at) ?? 0;
  return `${rounded(first)}${step < 0 ? '' : '+'}${step}x${length - 1}`;
}

/** Fractions of requests are fine; the noise of floating point is not. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}
