/**
 * A quantile out of a histogram's buckets, interpolated as Prometheus' `histogram_quantile` does; undefined without a value in it. What is
 * in the last bucket is only known to be above its bound.
 */
export function bucketQuantile(q: number, bounds: readonly number[], counts: ArrayLike<number>): number | undefined {
  let total = 0;
  for (let at = 0; at <= bounds.length; at += 1) total += counts[at] ?? 0;
  if (total === 0) return undefined;
  const rank = q * total;
  let before = 0;
  for (const [at, bound] of bounds.entries()) {
    const inside = counts[at] ?? 0;
    if (before + inside >= rank && inside > 0) {
      const from = at === 0 ? 0 : (bounds[at - 1] ?? 0);
      return from + (bound - from) * ((rank - before) / inside);
    }
    before += inside;
  }
  return bounds.at(-1);
}
