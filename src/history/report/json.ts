import type { Report } from './report.ts';

/** The report for programs. Times are ISO 8601; what is not known is null. Fields are only ever added. */
export function reportJson({
  total,
  periods,
  rows,
  models,
  causes,
  traffic,
}: Report): Readonly<Record<string, unknown>> {
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    version: 1,
    logs: total,
    periods: periods.map(({ startMs, endMs }) => ({ start: iso(startMs), end: iso(endMs) })),
    answers: rows,
    models: models.map(({ quantiles: { p50, p95, p99 }, ...model }) => ({
      ...model,
      duration_seconds: { p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null },
    })),
    causes,
    timeline: traffic.map(({ timeMs, ...counts }) => ({ time: iso(timeMs), ...counts })),
  };
}
