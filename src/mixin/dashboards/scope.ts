import { type Selectors, selectors } from '../promql.ts';

/** Grafana's own window: at least four scrapes, and wider as the time range grows. */
export const RATE = '$__rate_interval';
/** The whole time range shown. */
export const RANGE = '$__range';

/** What the variables above a dashboard select. */
export const TARGET_SCOPE = 'cluster=~"$cluster",namespace=~"$namespace",job=~"$job",instance=~"$instance"';
/** Recording rules sum over instances, so their series have none to select. */
const RECORDED_SCOPE = 'cluster=~"$cluster",namespace=~"$namespace",job=~"$job"';

export const scope: Selectors = selectors(TARGET_SCOPE, RECORDED_SCOPE);

/** Matchers of the series that carry a model. */
export const ofModel = { provider: { variable: 'provider' }, model: { variable: 'model' } } as const;
/** Matchers of the request counters. */
export const ofAnswer = { ...ofModel, code: { variable: 'code' }, cause: { variable: 'cause' } } as const;
/** Answers that failed, with any code: a 200 that broke off has a cause, too. */
export const ofFailure = { ...ofAnswer, cause: { variable: 'cause', not: 'none' } } as const;
