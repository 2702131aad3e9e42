const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/**
 * Seconds as Prometheus and Alertmanager write a duration: `90` is `1m30s`. Fractions go down to the millisecond, which
 * is the smallest unit both know; years and weeks are left out because nobody reads `2w1d` at a glance.
 */
export function formatDuration(seconds: number): string {
  let restMs = Math.max(1, Math.round(seconds * 1000));
  let text = '';
  for (const [unit, sizeMs] of UNITS) {
    const count = Math.floor(restMs / sizeMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * sizeMs;
  }
  return text;
}
