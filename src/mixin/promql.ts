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
/** One value, one of several, none of several, or what a Grafana variable selects, if need be without one value. */
type Matcher<V extends string> =
  | V
  | { readonly any: readonly V[] }
  | { readonly none: readonly V[] }
  | { readonly variable: string; readonly not?: V };
type Matchers<L extends string> = { readonly [K in L]?: Matcher<Value<K>> };

type LabelOf<N extends FamilyName> = Families[N]['labels'][number];
type RecordedLabel<N extends RecordedName> = Recorded[N][number];

/** The selectors of one pack: the only place where the name of a series is written, and only names that exist compile. */
export interface Selectors {
  counter<N extends NamesOf<'counter'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  gauge<N extends NamesOf<'gauge'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  buckets<N extends NamesOf<'histogram'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N> | 'le'>;
  samples<N extends NamesOf<'histogram'>>(name: N, matchers?: Matchers<LabelOf<N>>): Query<LabelOf<N>>;
  recorded<N extends RecordedName>(name: N, matchers?: Matchers<RecordedLabel<N>>): Query<RecordedLabel<N>>;
  /** 1 or 0 for each target of Prometheus, exporters and others. */
  up(): Query<never>;
  /** prom-client's start time of a process; other exporters have it too. */
  processStart(): Query<never>;
  /** What Prometheus itself writes about alerts of this pack. */
  alerts(state: 'firing' | 'pending'): Query<'alertname' | 'severity' | 'component' | 'provider' | 'model' | 'code'>;
}

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
    recorded: (name, matchers = {}) => ({
      text: name + braces([recordedScope, ...matcherTexts(matchers)]),
      labels: recorded[name],
    }),
    up: () => scraped('up', []),
    processStart: () => scraped('process_start_time_seconds', []),
    alerts: (state) => ({
      text: `ALERTS${braces([`alertstate="${state}"`, 'component=~"llm-.+"'])}`,
      labels: ['alertname', 'severity', 'component', 'provider', 'model', 'code'],
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
  if ('none' in matcher) return matcher.none.map((value) => `${label}!="${value}"`);
  const selected = `${label}=~"$${matcher.variable}"`;
  return matcher.not === undefined ? [selected] : [selected, `${label}!="${matcher.not}"`];
}

/** Growth of a counter over `range`, which is a duration or one of Grafana's range variables. */
export function increase<L extends string>(counter: Query<L>, range: string): Query<L> {
  return { ...counter, text: `increase(${counter.text}[${range}])` };
}

/** Growth of a counter per second. */
export function rate<L extends string>(counter: Query<L>, range: string): Query<L> {
  return { ...counter, text: `rate(${counter.text}[${range}])` };
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
  const dropped: ReadonlySet<string> = new Set(labels);
  return {
    text: `sum without (${[...instanceLabels, ...labels].join(', ')}) (${query.text})`,
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
