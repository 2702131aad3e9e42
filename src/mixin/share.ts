import { promql, type Query } from './promql.ts';
import { type MixinSettings, scaled } from './settings/settings.ts';

/** A share of something that went wrong, and when it is worth an alert. */
export interface Share {
  /** Requests (streams, tries) of the window that went wrong, as an increase. */
  readonly bad: Query;
  /** All of them, with the same labels or some of them. */
  readonly all: Query;
  /** What the guard on bad ones counts, where that may be more than `bad`: a matcher that is said once cannot be forgotten once. */
  readonly counted?: Query;
}

export interface ShareLevel {
  readonly share: number;
  readonly minBad?: number;
  readonly minTotal?: number;
}

/** The value of the result is the share; the guards, which count, only let it through. */
export function shareAbove<L extends string>(
  { bad, all, counted = bad }: Share & { readonly bad: Query<L> },
  { share, minBad, minTotal }: ShareLevel,
): Query<L> {
  const more = bad.labels.filter((label) => !all.labels.includes(label));
  const ignoring = more.length === 0 ? '' : ` ignoring (${more.join(', ')})`;
  const above = promql`${bad} /${ignoring}${ignoring && ' group_left ()'} (${all} > 0) > ${share}`;
  const guarded = minBad === undefined ? above : promql`${above}\nand ${counted} >= ${minBad}`;
  return minTotal === undefined ? guarded : promql`${guarded}\nand${ignoring} ${all} >= ${minTotal}`;
}

/** The same in words, for comments and runbooks. `what` is in the plural: "of the answers". */
export function describeShare(
  settings: MixinSettings,
  what: string,
  level: ShareLevel & { readonly windowSeconds: number },
): string {
  const { share, minBad, minTotal, windowSeconds } = level;
  const bad = minBad === undefined ? '' : `; at least ${minBad} bad ones`;
  const among = minTotal === undefined ? '' : `${bad === '' ? '; ' : ' '}among at least ${minTotal}`;
  return `Above ${percent(share)} of the ${what} of ${scaled(settings, windowSeconds)}${bad}${among}.`;
}

export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))} %`;
}
