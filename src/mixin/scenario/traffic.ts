import type { Cause } from '../../classify/causes.ts';
import { type FamilyName, families } from '../../metrics/families.ts';
import type { Series } from '../rule-tests/promtool.ts';
import { type TargetLabels, targetLabels } from '../rule-tests/target.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { promtoolValues, type Sample } from './values.ts';

/** A final answer: its code and cause, such as `503 surge_protection`. */
export type Answer = `${number} ${Cause}`;

/** All alike, or so many of them (0 to 1) with each time. */
export type Times = number | readonly (readonly [share: number, seconds: number])[];

/** Requests for one model that go on for a stretch of time, shared evenly by all instances. */
export interface Flow {
  /** `novita` unless given. */
  readonly provider?: string;
  readonly model: string;
  /** False unless given; `unknown`: the log does not tell. */
  readonly stream?: boolean | 'unknown';
  readonly perSecond: number;
  /** Shares of the answers that are not `200 none`, 0 to 1. */
  readonly mix?: Readonly<Partial<Record<Answer, number>>>;
  /** How long each success takes; without it durations are not told. */
  readonly seconds?: Times;
  /** How long each failure takes. */
  readonly failedSeconds?: Times;
  /** Time to the first token of each success. */
  readonly firstTokenSeconds?: Times;
  /** Share of the successes that came near the gateway timeout. */
  readonly nearTimeout?: number;
  /** Tries for each request, all with its answer; without it there is no proxy, so that tries are not told. */
  readonly tries?: number;
}

/** Any other series in a stretch: a gauge has a value, a counter grows. */
export type Extra = {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** One instance only, counted from 0; all of them unless given. */
  readonly instance?: number;
} & ({ readonly value: number } | { readonly perSecond: number });

/** What happens to an instance: it is scraped, cannot be scraped, is gone from the list of targets, or has just begun anew at 0. */
export type Condition = 'up' | 'down' | 'gone' | 'restarted';

/** A time in which nothing changes. */
export interface Stretch {
  readonly seconds: number;
  readonly flows?: readonly Flow[];
  readonly extras?: readonly Extra[];
  /** By instance, counted from 0: `up` unless given. */
  readonly instances?: Readonly<Partial<Record<number, Condition>>>;
  /** Every n-th scrape of each instance fails. */
  readonly missEvery?: number;
}

export interface TrafficOptions {
  /** Gateways or pods, each with an exporter: 2 unless given, because a rule that forgot to sum would be wrong. */
  readonly instances?: number;
  /** More labels of every target. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The series that Prometheus would have scraped: one sample for each evaluation, counters born at 0. */
export function trafficSeries(
  settings: MixinSettings,
  stretches: readonly Stretch[],
  options: TrafficOptions = {},
): readonly Series[] {
  const count = options.instances ?? 2;
  return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    instanceSeries(instanceLabels(settings, index, options.labels), stretches, {
      index,
      share: 1 / count,
      tickSeconds: settings.evaluationIntervalSeconds,
    }),
  );
}

/** Labels of the target of one instance. */
export function instanceLabels(
  settings: MixinSettings,
  index: number,
  more: TrafficOptions['labels'] = {},
): TargetLabels {
  return {
    ...targetLabels(settings),
    instance: `10.0.0.${index + 1}:9503`,
    pod: `gateway-${index}`,
    node: `node-${index}`,
    ...more,
  };
}

interface Instance {
  readonly index: number;
  /** Its part of the flows. */
  readonly share: number;
  readonly tickSeconds: number;
}

/** One series on its way: its value, and the samples so far. */
interface Track {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: 'counter' | 'gauge';
  /** `newborn`: exposed as 0 once before its value, as the exporter does. */
  life: 'unborn' | 'newborn' | 'alive';
  value: number;
  readonly samples: Sample[];
}

function instanceSeries(target: TargetLabels, stretches: readonly Stretch[], instance: Instance): readonly Series[] {
  const tracks = new Map<string, Track>();
  for (const stretch of stretches) for (const change of changesIn(stretch, instance)) trackOf(tracks, change);
  const up: Sample[] = [];
  for (const stretch of stretches) {
    bear(tracks, changesIn(stretch, instance));
    advance({ tracks, up }, stretch, instance);
  }
  const all = [...tracks.values()].map(({ name, labels, samples }) => ({ name, labels, samples }));
  return [...all, { name: 'up', labels: {}, samples: up }].map(({ name, labels, samples }) => ({
    name,
    labels: { ...target, ...labels },
    values: promtoolValues(samples),
  }));
}

/** With the first request for a model all its series are there: the exporter exposes the causes that may come as zeros. */
function bear(tracks: ReadonlyMap<string, Track>, changes: readonly Change[]): void {
  const begun = new Set(changes.map(familyOf));
  for (const track of tracks.values()) {
    if (track.life === 'unborn' && begun.has(familyOf(track)))
      track.life = track.kind === 'gauge' ? 'alive' : 'newborn';
  }
}

function familyOf({ name, labels: { provider, model } }: Pick<Change, 'name' | 'labels'>): string {
  return model === undefined ? name : JSON.stringify([provider, model]);
}

interface Recording {
  readonly tracks: ReadonlyMap<string, Track>;
  readonly up: Sample[];
}

function advance({ tracks, up }: Recording, stretch: Stretch, instance: Instance): void {
  const condition = stretch.instances?.[instance.index] ?? 'up';
  const changes = summed(changesIn(stretch, instance));
  const ticks = Math.round(stretch.seconds / instance.tickSeconds);
  if (condition === 'restarted') restart(tracks);
  for (let tick = 0; tick < ticks; tick += 1) {
    const misses = stretch.missEvery !== undefined && (tick + 1) % stretch.missEvery === 0;
    const isScraped = condition !== 'down' && condition !== 'gone' && !misses;
    for (const [key, track] of tracks) {
      const change = changes.get(key);
      if (condition === 'up' || condition === 'restarted') move(track, change, instance.tickSeconds);
      track.samples.push(isScraped ? exposed(track) : endedAt(track));
    }
    up.push(condition === 'gone' ? (tick === 0 ? 'stale' : 'missing') : isScraped ? 1 : 0);
  }
}

/** Two flows may count in one series: streams and others are the same tries. */
function summed(changes: readonly Change[]): ReadonlyMap<string, Change> {
  const sums = new Map<string, Change>();
  for (const change of changes) {
    const before = change.kind === 'counter' ? (sums.get(keyOf(change))?.amount ?? 0) : 0;
    sums.set(keyOf(change), { ...change, amount: before + change.amount });
  }
  return sums;
}

function exposed(track: Track): Sample {
  if (track.life === 'alive') return track.value;
  if (track.life === 'unborn') return 'missing';
  track.life = 'alive';
  return 0;
}

/** A failed scrape ends every series at once; they begin again with the next good one. */
function endedAt({ samples }: Track): Sample {
  return typeof samples.at(-1) === 'number' ? 'stale' : 'missing';
}

function restart(tracks: ReadonlyMap<string, Track>): void {
  for (const track of tracks.values()) if (track.kind === 'counter') track.value = 0;
}

function move(track: Track, change: Change | undefined, tickSeconds: number): void {
  if (track.kind === 'gauge') track.value = change?.amount ?? track.value;
  else track.value += (change?.amount ?? 0) * tickSeconds;
}

/** What one series does in a stretch: growth per second of a counter, value of a gauge. */
interface Change {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: Track['kind'];
  readonly amount: number;
}

function keyOf({ name, labels }: Pick<Change, 'name' | 'labels'>): string {
  return name + JSON.stringify(labels);
}

function trackOf(tracks: Map<string, Track>, { name, labels, kind, amount }: Change): void {
  const key = keyOf({ name, labels });
  if (tracks.has(key)) return;
  tracks.set(key, { name, labels, kind, life: 'unborn', value: kind === 'gauge' ? amount : 0, samples: [] });
}

function changesIn({ flows = [], extras = [] }: Stretch, { index, share }: Instance): readonly Change[] {
  const own = extras
    .filter(({ instance = index }) => instance === index)
    .map((extra): Change => {
      const { name, labels = {} } = extra;
      return 'value' in extra
        ? { name, labels, kind: 'gauge', amount: extra.value }
        : { name, labels, kind: 'counter', amount: extra.perSecond };
    });
  const build = { version: '0.1.0', revision: 'abc', node_version: 'v26.0.0' };
  return [
    { name: 'llm_exporter_build_info', labels: build, kind: 'gauge', amount: 1 },
    ...flows.flatMap((flow) => changesOfFlow(flow, share)),
    ...own,
  ];
}

function changesOfFlow(flow: Flow, share: number): readonly Change[] {
  const { provider = 'novita', model, stream = false, perSecond, mix = {}, tries } = flow;
  const ids = { provider, model };
  // Safe: an answer that is named has a share.
  const bad = Object.entries(mix) as [Answer, number][];
  const good = 1 - bad.reduce((sum, [, part]) => sum + part, 0);
  const rate = perSecond * share;
  const answers = [['200 none', good] as const, ...bad];
  const counter = (name: FamilyName, labels: Readonly<Record<string, string>>, amount: number): Change => ({
    name,
    labels,
    kind: 'counter',
    amount,
  });
  const requests = answers.map(([answer, part]) => {
    const [code = '', cause = ''] = answer.split(' ');
    return counter('llm_requests_total', { ...ids, code, cause, stream: String(stream) }, rate * part);
  });
  const attempts = answers.map(([answer, part]) => {
    const [code = '', cause = ''] = answer.split(' ');
    return counter('llm_attempts_total', { ...ids, code, cause }, rate * part * (tries ?? 1));
  });
  return [
    ...requests,
    ...(tries === undefined ? [] : attempts),
    counter(
      'llm_requests_near_timeout_total',
      { ...ids, stream: String(stream) },
      rate * good * (flow.nearTimeout ?? 0),
    ),
    ...histogram('llm_request_duration_seconds', { ...ids, stream: String(stream), outcome: 'success' }, [
      rate * good,
      flow.seconds,
    ]),
    ...histogram('llm_request_duration_seconds', { ...ids, stream: String(stream), outcome: 'error' }, [
      rate * (1 - good),
      flow.failedSeconds,
    ]),
    ...histogram('llm_time_to_first_token_seconds', ids, [rate * good, flow.firstTokenSeconds]),
  ];
}

/** Observations: `[how many per second, seconds each]`. */
function histogram(
  name: 'llm_request_duration_seconds' | 'llm_time_to_first_token_seconds',
  labels: Readonly<Record<string, string>>,
  [perSecond, times]: readonly [perSecond: number, times: Times | undefined],
): readonly Change[] {
  if (times === undefined) return [];
  const spread = typeof times === 'number' ? ([[1, times]] as const) : times;
  const upTo = (le: number) => spread.reduce((sum, [share, seconds]) => sum + (seconds <= le ? share : 0), 0);
  const change = (suffix: string, own: Readonly<Record<string, string>>, amount: number): Change => ({
    name: name + suffix,
    labels: { ...labels, ...own },
    kind: 'counter',
    amount,
  });
  return [
    ...families[name].buckets.map((le) => change('_bucket', { le: String(le) }, perSecond * upTo(le))),
    change('_bucket', { le: '+Inf' }, perSecond),
    change('_count', {}, perSecond),
    change('_sum', {}, perSecond * spread.reduce((sum, [share, seconds]) => sum + share * seconds, 0)),
  ];
}
