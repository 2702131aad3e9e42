import type { Labels } from '../engine/labels.ts';

/** One time that an alert was active for one set of labels. */
export interface Episode {
  /** The first evaluation that found it. */
  readonly pendingMs: number;
  /** When it began to fire; undefined: it never did. */
  readonly firingMs: number | undefined;
  /** The evaluation that ended it; undefined: it was active when the past ended. */
  readonly endMs: number | undefined;
  /** The value furthest beyond the threshold. */
  readonly peak: number;
}

/** One of an alert, with the labels it was for. */
export interface AlertEpisode extends Episode {
  readonly labels: Labels;
}

export interface StateOptions {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Which of two values is further from good; by default the larger. */
  readonly worse?: ((a: number, b: number) => number) | undefined;
}

/** The state of one alert for one set of labels, from one evaluation to the next. */
export interface AlertState {
  /** One evaluation: the value of the expression, undefined where it gave none. */
  evaluate(timeMs: number, value: number | undefined): void;
  /** Ends what is still active with the past. */
  finish(): readonly Episode[];
}

/**
 * Prometheus' own states (rules/alerting.go, AlertingRule.Eval), for one set of labels:
 * - inactive, until an evaluation finds it; then pending, with the time of that evaluation.
 * - pending: forgotten by the first evaluation that does not find it; firing once it was found for `for`.
 * - firing: ended by the first evaluation that does not find it, unless `keep_firing_for` holds it: for so long, counted from that
 *   evaluation, it stays, and if it is found again in that time nothing has happened.
 */
export function createAlertState({ forMs, keepFiringForMs, worse = Math.max }: StateOptions): AlertState {
  const episodes: Episode[] = [];
  let active: { pendingMs: number; firingMs: number | undefined; peak: number } | undefined;
  let missedMs: number | undefined;

  function end(timeMs: number | undefined): void {
    if (active !== undefined) episodes.push({ ...active, endMs: timeMs });
    active = undefined;
    missedMs = undefined;
  }

  return {
    evaluate(timeMs, value) {
      if (value === undefined) {
        if (active === undefined) return;
        if (active.firingMs === undefined) end(timeMs);
        else {
          missedMs ??= timeMs;
          if (timeMs - missedMs >= keepFiringForMs) end(timeMs);
        }
        return;
      }
      missedMs = undefined;
      active ??= { pendingMs: timeMs, firingMs: undefined, peak: value };
      active.peak = Number.isNaN(value) ? active.peak : worse(active.peak, value);
      if (active.firingMs === undefined && timeMs - active.pendingMs >= forMs) active.firingMs = timeMs;
    },
    finish() {
      end(undefined);
      return episodes;
    },
  };
}

/** The episodes of a series that has values at some of the evaluations between `startMs` and `endMs`. */
export function episodesOf(
  series: { readonly timesMs: ArrayLike<number>; readonly values: ArrayLike<number> },
  range: { readonly endMs: number; readonly stepMs: number },
  options: StateOptions,
): readonly Episode[] {
  const state = createAlertState(options);
  let nextMs = series.timesMs[0] ?? 0;
  for (let at = 0; at < series.timesMs.length; at += 1) {
    const timeMs = series.timesMs[at] ?? 0;
    for (; nextMs < timeMs; nextMs += range.stepMs) state.evaluate(nextMs, undefined);
    state.evaluate(timeMs, series.values[at]);
    nextMs = timeMs + range.stepMs;
  }
  for (; nextMs <= range.endMs; nextMs += range.stepMs) state.evaluate(nextMs, undefined);
  return state.finish();
}
