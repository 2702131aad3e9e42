import assert from 'node:assert/strict';
import { type Incident, PAST_MODELS } from './past-log.ts';

const MINUTE_MS = 60_000;
/** How far the onset that is told may be from the truth. */
const MAX_OFF_MS = 2 * MINUTE_MS;
/** Rules with longer windows may begin while others end. */
const MAX_LATER_MS = 10 * MINUTE_MS;

/** A surge of 503 on one model, 504 on long answers that do not stream, and an overload of another model. */
export function threeIncidents(atMs: readonly [number, number, number]): readonly Incident[] {
  const [surge, timeouts, overload] = atMs;
  const [first, second, , fourth] = PAST_MODELS;
  return [
    { fromMs: surge, toMs: surge + 25 * MINUTE_MS, model: first, code: 503, share: 0.6, seconds: 0.04 },
    {
      fromMs: timeouts,
      toMs: timeouts + 29 * MINUTE_MS,
      model: second,
      code: 504,
      share: 0.7,
      stream: false,
      seconds: 60.002,
    },
    { fromMs: overload, toMs: overload + 25 * MINUTE_MS, model: fourth, code: 503, share: 0.5, seconds: 0.04 },
  ];
}

/** The part of `backtest --json` that tells of firings. */
export interface ToldFiring {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pending: string;
  readonly resolved: string | null;
}

/** Each incident was found within two minutes of its truth, and nothing fired that is not about one of them. */
export function assertFound(firings: readonly ToldFiring[], incidents: readonly Incident[]): void {
  const isAbout = ({ pending, labels }: ToldFiring, { fromMs, toMs, model }: Incident) => {
    const pendingMs = Date.parse(pending);
    return pendingMs >= fromMs && pendingMs <= toMs + MAX_LATER_MS && (labels.model ?? model) === model;
  };
  for (const firing of firings) {
    assert.ok(
      incidents.some((incident) => isAbout(firing, incident)),
      `fired for nothing: ${JSON.stringify(firing)}`,
    );
  }
  for (const incident of incidents) {
    const onsets = firings
      .filter((firing) => isAbout(firing, incident) && firing.labels.code === String(incident.code))
      .map(({ pending }) => Date.parse(pending) - incident.fromMs);
    const what = `${incident.code} of ${incident.model} at ${new Date(incident.fromMs).toISOString()}`;
    assert.ok(onsets.length > 0, `not found: ${what}`);
    assert.ok(Math.min(...onsets) <= MAX_OFF_MS, `${what}: found ${Math.min(...onsets) / 1000} s late`);
  }
}
