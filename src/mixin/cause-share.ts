import type { Cause } from '../classify/causes.ts';
import type { AlertRule, AlertTexts, PackContext, Signal } from './alert.ts';
import { causesNamed, causesWithCodes } from './causes.ts';
import type { CauseSource, Facts } from './facts.ts';
import { type Query, selectors, sumWithout } from './promql.ts';
import { type MixinSettings, scaled } from './settings/settings.ts';
import type { AlertName, Severity } from './settings/thresholds.ts';
import { describeShare, type ShareLevel, shareAbove } from './share.ts';

/** An alert on the share that some codes or causes have in the answers of a model. */
export interface CauseShare {
  readonly name: AlertName;
  readonly signal: Signal;
  /** Codes are told apart: an alert for each. Causes are one thing with several names. */
  readonly counts: { readonly code: readonly [string, ...string[]] } | { readonly cause: readonly [Cause, ...Cause[]] };
  readonly summary: string;
  /** What these answers did, after "5% of the answers of P for model M". */
  readonly did: string;
  /** Values of the label `model` that the alert leaves out. */
  readonly notModels?: readonly string[];
  /** Also at severity critical. Else it leaves out what the settings say never pages. */
  readonly pagesForAnyModel?: boolean;
}

export interface TimedShareLevel extends ShareLevel {
  readonly forSeconds: number;
  readonly keepFiringSeconds: number;
}

/** Levels by severity, the mildest first. */
export function shareLevels(
  { thresholds }: MixinSettings,
  name: AlertName,
): readonly (readonly [severity: Severity, level: TimedShareLevel])[] {
  const levels: Readonly<Record<string, object>> = thresholds[name];
  return (['info', 'warning', 'critical'] as const).flatMap((severity) => {
    const level = levels[severity];
    // Safe for the alerts that are made here: their entries in the table of thresholds have these fields.
    return level === undefined ? [] : [[severity, level as TimedShareLevel] as const];
  });
}

/** Its rules. They read the series of `causeRecordings` and share their group. */
export function causeShareRules(context: PackContext, alert: CauseShare): readonly AlertRule[] {
  const { settings } = context;
  const windowSeconds = settings.windowSeconds.warning;
  return shareLevels(settings, alert.name).map(([severity, level]) => ({
    alert: alert.name,
    severity,
    component: 'llm-api',
    signal: alert.signal,
    expr: shareAbove(shareOf(alert, modelsLeftOut(settings, alert, severity), level), level),
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => causeShareTexts(context, alert, facts),
    why: describeShare(settings, 'answers', { ...level, windowSeconds }),
  }));
}

export function modelsLeftOut(settings: MixinSettings, alert: CauseShare, severity: Severity): readonly string[] {
  const never = severity === 'critical' && alert.pagesForAnyModel !== true ? settings.neverCriticalModels : [];
  return [...(alert.notModels ?? []), ...never];
}

const ANSWERS = 'provider_model_code_cause:llm_requests:increase5m';

/** Models are left out where the guards do not repeat it: one filter is enough. */
function shareOf({ counts }: CauseShare, notModels: readonly string[], { minTotal }: ShareLevel) {
  const series = selectors('');
  const model = { none: notModels };
  const [ofBad, ofAll] = minTotal === undefined ? [{}, { model }] : [{ model }, {}];
  const bad: Query<'provider' | 'model' | 'code'> =
    'code' in counts
      ? sumWithout(series.recorded(ANSWERS, { code: { any: counts.code }, ...ofBad }), [], ['cause'])
      : sumWithout(series.recorded(ANSWERS, { cause: { any: counts.cause }, ...ofBad }), [], ['code', 'cause']);
  return { bad, all: sumWithout(series.recorded(ANSWERS, ofAll), [], ['code', 'cause']) };
}

function causeShareTexts({ settings, causes }: PackContext, alert: CauseShare, facts: Facts): AlertTexts {
  const { counts, summary, did } = alert;
  const byCode = 'code' in counts;
  const source: CauseSource = {
    name: ANSWERS,
    by: byCode ? ['provider', 'model', 'code'] : ['provider', 'model'],
    ...(!byCode && { only: { cause: counts.cause } }),
  };
  const window = scaled(settings, settings.windowSeconds.warning);
  return {
    summary,
    description:
      `${facts.value('percentage')} of the answers of ${facts.label('provider')} for model ${facts.label('model')} ` +
      `${byCode ? `${did} ${facts.label('code')}` : did} over the last ${window}. ` +
      `Top cause: ${facts.topCause(source)}, ${facts.recorded(source, 'number', 'an unknown number of')} answers.`,
    cause: facts.topCause(source),
    advice: facts.advice(source, byCode ? causesWithCodes(causes, counts.code) : causesNamed(causes, counts.cause)),
    dashboard: { uid: 'llm-provider', variables: source.by },
  };
}
