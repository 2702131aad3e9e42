import type { Range } from '../engine/engine.ts';
import { STALE, type WrittenSeries } from '../engine/remote-write.ts';
import type { AlertingRule } from '../rules/rule-file.ts';
import type { AlertEpisode } from './alert-states.ts';

/** What Prometheus records of its own alerts, for rules that hold back where another alert fires. */
export const ALERTS = 'ALERTS';

/** The ALERTS series of one alert, as the rule manager would have written them. */
export function alertsSeries(
  rule: AlertingRule,
  episodes: readonly AlertEpisode[],
  { endMs, stepMs }: Range,
): WrittenSeries[] {
  return episodes.flatMap((episode) => {
    const { pendingMs, firingMs, labels } = episode;
    const overMs = episode.endMs ?? endMs + stepMs;
    const states = [
      { alertstate: 'pending', fromMs: pendingMs, toMs: firingMs ?? overMs },
      { alertstate: 'firing', fromMs: firingMs ?? overMs, toMs: overMs },
    ];
    return states.flatMap(({ alertstate, fromMs, toMs }) => {
      if (fromMs === toMs) return [];
      const count = Math.round((toMs - fromMs) / stepMs);
      const timesMs = Array.from({ length: count + 1 }, (_, at) => fromMs + at * stepMs);
      const values = timesMs.map((timeMs) => (timeMs < toMs ? 1 : STALE));
      const own = { ...labels, ...rule.labels, __name__: ALERTS, alertname: rule.alert, alertstate };
      return [{ labels: own, timesMs, values }];
    });
  });
}
