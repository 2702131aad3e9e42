import type { PackContext } from '../alert.ts';
import { failureCauses } from '../causes.ts';
import { increase, promql, type Query, selectors, sumWithout } from '../promql.ts';
import { errorBudget, type LongWindow, type ShortWindow } from '../settings/burns.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import type { RecordingRule } from './recording.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What the factors of the burn alerts are made for: 14.4 for an hour is 2 % of a budget of 30 days (SRE workbook, chapter 5). */
const BUDGET_PERIOD_SECONDS = 30 * DAY;

/** Windows that have both counts. */
type Window = Exclude<LongWindow | ShortWindow, '5m'>;
type CauseWindow = '1h' | '6h';

const SECONDS: Readonly<Record<Exclude<Window, '1h'> | '5m', number>> = {
  '5m': HOUR / 12,
  '30m': HOUR / 2,
  '2h': 2 * HOUR,
  '6h': 6 * HOUR,
  '1d': DAY,
  '3d': 3 * DAY,
};

/** How long a window of the objective is here, before `timeScale`. That of an hour is what dashboards show, and a setting. */
export function objectiveSeconds({ slo }: MixinSettings, window: Window | '5m'): number {
  return window === '1h' ? slo.windowSeconds : SECONDS[window];
}

/** The same as rules write it. */
export function objectiveWindow(settings: MixinSettings, window: Window | '5m'): string {
  return scaled(settings, objectiveSeconds(settings, window));
}

/** The period of the budget, in words. */
export const BUDGET_PERIOD = `${BUDGET_PERIOD_SECONDS / DAY}d`;

/** What the page about a fast burn needs, at every evaluation. */
export function objectiveRecordings(context: PackContext): readonly RecordingRule[] {
  return [
    {
      // A ratio at once: all answers are recorded in another group, which may be one evaluation ahead or behind.
      record: 'provider_model:llm_requests_failed_per_requests:ratio_increase5m',
      expr: promql`${failed(context, '5m')}\n/\n(${answered(context, '5m')} > 0)`,
      why: 'Share of the answers that failed, over the short window of a fast burn: it ends soon after the errors do.',
    },
    ...counts(context, '1h'),
    lifetime(context, '1h'),
    byCause(context, '1h'),
  ];
}

/** What slower burns need. Sums over days cost more and change less: their group is evaluated less often. */
export function slowObjectiveRecordings(context: PackContext): readonly RecordingRule[] {
  return [
    ...(['30m', '2h', '6h', '1d', '3d'] as const).flatMap((window) => counts(context, window)),
    ...(['6h', '1d', '3d'] as const).map((window) => lifetime(context, window)),
    byCause(context, '6h'),
  ];
}

/** All answers and those that failed, kept apart, because a mean of ratios would be wrong. */
function counts(context: PackContext, window: Window): readonly RecordingRule[] {
  const recordedAll = selectors('').recorded(`provider_model:llm_requests:increase${window}`);
  return [
    {
      record: `provider_model:llm_requests:increase${window}`,
      expr: answered(context, window),
      why: `All answers of a model over ${window}.`,
    },
    {
      record: `provider_model:llm_requests_failed:increase${window}`,
      // What dashboards divide must be there when nothing has failed; an alert on what is absent does not fire.
      expr: window === '1h' ? promql`${failed(context, window)}\nor\n${recordedAll} * 0` : failed(context, window),
      why: "Those that failed through the provider or the platform: a caller's own fault does not spend the budget.",
    },
  ];
}

function answered({ settings }: PackContext, window: Window | '5m'): Query<'provider' | 'model'> {
  const all = increase(selectors(settings.selector).counter('llm_requests_total'), objectiveWindow(settings, window));
  return sumWithout(all, settings.dropLabels, ['code', 'cause', 'stream']);
}

function failed(context: PackContext, window: Window | '5m'): Query<'provider' | 'model'> {
  return sumWithout(failures(context, window), context.settings.dropLabels, ['code', 'cause', 'stream']);
}

function failures({ settings, causes }: PackContext, window: Window | '5m') {
  const matchers = { cause: { any: failureCauses(causes) } };
  return increase(
    selectors(settings.selector).counter('llm_requests_total', matchers),
    objectiveWindow(settings, window),
  );
}

function lifetime({ settings }: PackContext, window: LongWindow): RecordingRule {
  const series = selectors('');
  const all = series.recorded(`provider_model:llm_requests:increase${window}`);
  const bad = series.recorded(`provider_model:llm_requests_failed:increase${window}`);
  const seconds = Math.round(BUDGET_PERIOD_SECONDS * errorBudget(settings));
  return {
    record: `provider_model:llm_error_budget_lifetime_seconds:increase${window}`,
    expr: promql`${all} / (${bad} > 0) * ${seconds}`,
    why: `How long the whole error budget of ${BUDGET_PERIOD} would last if all went on as in the last ${window}.`,
  };
}

function byCause(context: PackContext, window: CauseWindow): RecordingRule {
  return {
    record: `provider_model_cause:llm_requests_failed:increase${window}`,
    expr: sumWithout(failures(context, window), context.settings.dropLabels, ['code', 'stream']),
    why: 'Failures by cause: texts name the largest.',
  };
}
