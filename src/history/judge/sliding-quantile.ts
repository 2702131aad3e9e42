export interface SlidingQuantile {
  readonly quantile: number;
  readonly rangeMs: number;
  readonly offsetMs: number;
  /** Whether a sample that is exactly `rangeMs` old counts: it does before Prometheus 3. */
  readonly isClosed: boolean;
}

interface Samples {
  readonly timesMs: ArrayLike<number>;
  /** None of them NaN. */
  readonly values: ArrayLike<number>;
}

/**
 * `quantile_over_time` of one series at each step. Prometheus sorts the whole window anew for each; here it stays sorted, and a step costs
 * one insertion and one removal.
 */
export function slidingQuantile(
  { timesMs, values }: Samples,
  { startMs, endMs, stepMs }: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  { quantile, rangeMs, offsetMs, isClosed }: SlidingQuantile,
): { readonly timesMs: number[]; readonly values: number[] } {
  const window = createSortedWindow(timesMs.length);
  const out: { timesMs: number[]; values: number[] } = { timesMs: [], values: [] };
  let first = 0;
  let next = 0;
  for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) {
    const newestMs = timeMs - offsetMs;
    const oldestMs = newestMs - rangeMs;
    for (; next < timesMs.length && (timesMs[next] ?? 0) <= newestMs; next += 1) window.add(values[next] ?? 0);
    for (; first < next && isBefore(timesMs[first] ?? 0, oldestMs, isClosed); first += 1)
      window.remove(values[first] ?? 0);
    if (first === next) continue;
    out.timesMs.push(timeMs);
    out.values.push(window.quantile(quantile));
  }
  return out;
}

function isBefore(timeMs: number, oldestMs: number, isClosed: boolean): boolean {
  return isClosed ? timeMs < oldestMs : timeMs <= oldestMs;
}

function createSortedWindow(capacity: number) {
  const sorted = new Float64Array(capacity);
  let count = 0;
  /** The first place that holds no less. */
  const placeOf = (value: number): number => {
    let start = 0;
    let end = count;
    while (start < end) {
      const middle = (start + end) >>> 1;
      if ((sorted[middle] ?? 0) < value) start = middle + 1;
      else end = middle;
    }
    return start;
  };
  return {
    add(value: number): void {
      const at = placeOf(value);
      sorted.copyWithin(at + 1, at, count);
      sorted[at] = value;
      count += 1;
    },
    remove(value: number): void {
      const at = placeOf(value);
      sorted.copyWithin(at, at + 1, count);
      count -= 1;
    },
    /** As Prometheus' promql/quantile.go has it, to the last bit. */
    quantile(q: number): number {
      const rank = q * (count - 1);
      const lower = Math.max(0, Math.floor(rank));
      const upper = Math.min(count - 1, lower + 1);
      const weight = rank - Math.floor(rank);
      return (sorted[lower] ?? 0) * (1 - weight) + (sorted[upper] ?? 0) * weight;
    },
  };
}
