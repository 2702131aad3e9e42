import type { Cause } from '../classify/causes.ts';
import { type Families, type FamilyName, families, type NamesOf } from '../metrics/families.ts';
import { type Recorded, type RecordedName, recorded } from './recording/recorded.ts';

/**
 * Labels that Prometheus, not the exporter, puts on every series. `cluster` and `namespace` may be missing; a missing
 * label equals an empty one, so matching on them is right either way.
 */
export const TARGET_LABELS = ['cluster', 'namespace', 'job', 'instance'] as const;
export type TargetLabel = (typeof TARGET_LABELS)[number];

/** A piece of PromQL and the labels its result carries beside those of the target. */
export interface Query<L extends string = string> {
  readonly text: string;
  readonly labels: readonly L[];
}

type Value<L extends string> = L extends 'cause' ? Cause : string;
/** One value, one of several, none of several, a pattern, or what a Grafana variable selects, if need be without one value. */
type Matcher<V extends string> =
  | V
  | { readonly pattern: string }
  | { readonly any: readonly V[] }
  | { readonly none: readonly V[] }
  | { readonly variable: string; readonly not?: V };
type Matchers<L extends string> = { readonly [K in L]?: Matcher<Value<K>> };

type LabelOf<N extends FamilyName> = Families[N]['labels'][number];
type RecordedLabel<N extends RecordedName> = Recorded[N][number];

/** Series that others expose, prom-client within our process and Prometheus itself, with their labels. */
export const foreignSeries = {
  /** 1 or 0 for each target of Prometheus, exporters and others. */
  up: [],
  process_start_time_seconds: [],
  /** Anew from scrape to scrape. */
  nodejs_eventloop_lag_p99_seconds: [],
  /** `rule_group` is the file and the group: `/etc/prometheus/llm.rules.yml;llm-availability`. */
  prometheus_rule_group_last_evaluation_timestamp_seconds: ['rule_group'],
  prometheus_rule_evaluation_failures_total: ['rule_group'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Foreign = typeof foreignSeries;
/** Ours are found among them by the group's name, whatever the file is called. */
type ForeignMatchers<N extends keyof Foreign> = { readonly [K in Foreign[N][number]]?: { readonly pattern: string } };

/** The selectors of one pack: the only place where the name of a series is written, and only names that exist compile. */
export interface Selectors {
  counter<N extends NamesOf<'counter'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  gauge<N extends NamesOf<'gauge'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  buckets<N extends NamesOf<'histogram'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N> | 'le'>;
  samples<N extends NamesOf<'histogram'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  sums<N extends NamesOf<'histogram'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  recorded<N extends RecordedName>(name: N, matchers?: Matchers<RecordedLabel<N>>): Query<RecordedLabel<N>>;
  /** Of Prometheus itself they are without the scope, which is about our targets. */
  foreign<N extends keyof Foreign>(name: N, matchers?: ForeignMatchers<N>): Query<Foreign[N][number]>;
  /** 1 or 0 for each target of Prometheus, exporters and others. */
  up(): Query<never>;
  /** prom-client's start time of a process; other exporters have it too. */
  processStart(): Query<never>;
  /** What Prometheus itself writes about alerts of this pack. */
  alerts(state: 'firing' | 'pending', matchers?: Matchers<AlertLabel>): Query<AlertLabel>;
}

type AlertLabel = 'alertname' | 'severity' | 'would_be_severity' | 'component' | 'provider' | 'model' | 'code';

/** Selectors that add `scope` (PromQL matchers as text) to everything scraped; recorded series were scoped when made. */
export function selectors(scope: string, recordedScope = ''): Selectors {
  const scraped = <L extends string>(name: string, labels: readonly L[], matchers: object = {}): Query<L> => ({
    text: name + braces([scope, ...matcherTexts(matchers)]),
    labels,
  });
  return {
    counter: (name, matchers) => scraped(name, families[name].labels, matchers),
    gauge: (name, matchers) => scraped(name, families[name].labels, matchers),
    buckets: (name, matchers) => scraped(`${name}_bucket`, [...families[name].labels, 'le'], matchers),
    samples: (name, matchers) => scraped(`${name}_count`, families[name].labels, matchers),
    sums: (name, matchers) => scraped(`${name}_sum`, families[name].labels, matchers),
    recorded: (name, matchers = {}) => ({
      text: name + braces([recordedScope, ...matcherTexts(matchers)]),
      labels: recorded[name],
    }),
    foreign: (name, matchers = {}) => ({
      text: name + braces([name.startsWith('prometheus_') ? '' : scope, ...matcherTexts(matchers)]),
      labels: foreignSeries[name],
    }),
    up: () => scraped('up', []),
    processStart: () => scraped('process_start_time_seconds', []),
    alerts: (state, matchers = {}) => ({
      // A name says whose it is.
      text: `ALERTS${braces([`alertstate="${state}"`, matchers.alertname === undefined ? 'component=~"llm-.+"' : '', ...matcherTexts(matchers)])}`,
      labels: ['alertname', 'severity', 'would_be_severity', 'component', 'provider', 'model', 'code'],
    }),
  };
}

function braces(matchers: readonly string[]): string {
  const given = matchers.filter((matcher) => matcher !== '');
  return given.length === 0 ? '' : `{${given.join(',')}}`;
}

function matcherTexts(matchers: object): string[] {
  return Object.entries(matchers).flatMap(([label, matcher]) => matcherText(label, matcher));
}

function matcherText(label: string, matcher: Matcher<string>): string[] {
  if (typeof matcher === 'string') return [`${label}="${matcher}"`];
  if ('any' in matcher) {
    return [matcher.any.length === 1 ? `${label}="${matcher.any[0]}"` : `${label}=~"${matcher.any.join('|')}"`];
  }
  if ('pattern' in matcher) return [`${label}=~"${matcher.pattern}"`];
  if ('none' in matcher) return matcher.none.map((value) => `${label}!="${value}"`);
  const selected = `${label}=~"$${matcher.variable}"`;
  return matcher.not === undefined ? [selected] : [selected, `${label}!="${matcher.not}"`];
}

/** Growth of a counter over `range`, which is a duration or one of Grafana's range variables, and ended `ago`. */
export function increase<L extends string>(counter: Query<L>, range: string, ago = ''): Query<L> {
  return { ...counter, text: `increase(${over(counter, range, ago)})` };
}

/** Growth of a counter per second. */
export function rate<L extends string>(counter: Query<L>, range: string, ago = ''): Query<L> {
  return { ...counter, text: `rate(${over(counter, range, ago)})` };
}

function over({ text }: Query, range: string, ago: string): string {
  return `${text}[${range}]${ago === '' ? '' : ` offset ${ago}`}`;
}

/** The level that `query` stayed under for the share `quantile` of `range`, which ended `offset` ago. */
export function quantileOverTime<L extends string>(
  query: Query<L>,
  { quantile, range, offset }: { readonly quantile: number; readonly range: string; readonly offset: string },
): Query<L> {
  return { ...query, text: `quantile_over_time(${quantile}, ${query.text}[${range}] offset ${offset})` };
}

/** Sums over instances and the given labels; keeps every other label, those of the user included. */
export function sumWithout<L extends string, D extends L>(
  query: Query<L>,
  instanceLabels: readonly string[],
  labels: readonly D[],
): Query<Exclude<L, D>> {
  return aggregateWithout(['sum', query], instanceLabels, labels);
}

export function maxWithout<L extends string, D extends L>(query: Query<L>, labels: readonly D[]): Query<Exclude<L, D>> {
  return aggregateWithout(['max', query], [], labels);
}

/** 1 for whatever is there. */
export function groupWithout<L extends string, D extends L>(
  query: Query<L>,
  instanceLabels: readonly string[],
  labels: readonly D[],
): Query<Exclude<L, D>> {
  return aggregateWithout(['group', query], instanceLabels, labels);
}

function aggregateWithout<L extends string, D extends L>(
  [operator, query]: readonly [operator: 'sum' | 'max' | 'group', query: Query<L>],
  instanceLabels: readonly string[],
  labels: readonly D[],
): Query<Exclude<L, D>> {
  const dropped: ReadonlySet<string> = new Set(labels);
  return {
    text: `${operator} without (${[...instanceLabels, ...labels].join(', ')}) (${query.text})`,
    // Safe: exactly the labels of L that are not in D pass the filter.
    labels: query.labels.filter((label) => !dropped.has(label)) as Exclude<L, D>[],
  };
}

/** Aggregates up to the given labels, for a panel or a table. */
export function sumBy<L extends string, K extends L | TargetLabel>(query: Query<L>, labels: readonly K[]): Query<K> {
  return aggregate('sum', query, labels);
}

export function maxBy<L extends string, K extends L | TargetLabel>(query: Query<L>, labels: readonly K[]): Query<K> {
  return aggregate('max', query, labels);
}

export function minBy<L extends string, K extends L | TargetLabel>(query: Query<L>, labels: readonly K[]): Query<K> {
  return aggregate('min', query, labels);
}

function aggregate<K extends string>(operator: string, query: Query, labels: readonly K[]): Query<K> {
  const by = labels.length === 0 ? '' : ` by (${labels.join(', ')}) `;
  return { text: `${operator}${by}(${query.text})`, labels };
}

/** The largest value that each series had within `range`, also when it is gone. */
export function maxOverTime<L extends string>(query: Query<L>, range: string): Query<L> {
  return { ...query, text: `max_over_time(${query.text}[${range}])` };
}

/** The newest value of a gauge within `range`, also when its target is gone. */
export function lastOverTime<L extends string>(gauge: Query<L>, range: string): Query<L> {
  return { ...gauge, text: `last_over_time(${gauge.text}[${range}])` };
}

/** The value below which the share `quantile` of the observations lies; `perBucket` are rates that still carry `le`. */
export function histogramQuantile<L extends string>(quantile: number, perBucket: Query<L | 'le'>): Query<L> {
  return {
    text: `histogram_quantile(${quantile}, ${perBucket.text})`,
    // Safe: `le` is what the function takes away, and only that.
    labels: perBucket.labels.filter((label) => label !== 'le') as L[],
  };
}

/** Free PromQL around typed pieces; the result has the labels of the first, as the binary operators of PromQL do. */
export function promql<L extends string>(
  strings: TemplateStringsArray,
  first: Query<L>,
  ...rest: readonly (Query | number | string)[]
): Query<L> {
  const parts = [first, ...rest].map((part) => (typeof part === 'object' ? part.text : String(part)));
  const text = strings.reduce((before, after, index) => `${before}${parts[index - 1]}${after}`);
  return { text, labels: first.labels };
}
