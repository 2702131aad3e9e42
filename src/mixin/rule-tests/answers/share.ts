import type { CauseEntry } from '../../../classify/catalogue.ts';
import type { AlertRule, PackContext } from '../../alert.ts';
import type { TimedShareLevel } from '../../cause-share.ts';
import type { Answer, Extra, Flow } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { expectedAlert } from '../expected-alert.ts';
import type { Incident } from '../expected-facts.ts';
import { ABSENT, MARGIN, type Part, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';

/** Answers of one model or provider: how many there are, and which part of them the alert counts. */
export interface Mix {
  /** What tells it from others: the name of the model or of the provider. */
  readonly name: string;
  readonly perSecond: number;
  readonly share: number;
  /** That all others fail too, in ways that do not count. */
  readonly restFails?: true;
}

/** An alert on a share, as these tests need to know it. */
export interface ShareSubject {
  readonly settings: MixinSettings;
  /** Rules that fire under its name, the mildest first, and their numbers. */
  readonly levels: readonly (readonly [rule: AlertRule, level: TimedShareLevel])[];
  readonly windowSeconds: number;
  /** Added to the titles where an alert has several subjects. */
  readonly of?: string;
  /** Traffic of this mix: the bad ones of every kind that counts, so that each is needed to pass a threshold. */
  traffic(mix: Mix): { readonly flows: readonly Flow[]; readonly extras?: readonly Extra[] };
  /** Labels of its alert beside those of the target. */
  labels(name: string): Readonly<Record<string, string>>;
  /** What the texts of its alert tell; `bad` is how many there are in a window. */
  told(bad: number): Pick<Incident, 'cause' | 'found'>;
  /** Names for which a rule does not fire, and names of which some may not. */
  readonly leftOut?: (rule: AlertRule) => readonly string[];
  readonly tried?: readonly string[];
  /** Traffic that fails in every other way. */
  readonly otherwise: readonly Flow[];
}

/** Requests per second, many enough that no guard matters. */
const BUSY = 10;
/** Just above and just below a number. The bad ones have at most as many kinds as each of them is needed to get above. */
const ABOVE = 1.04;
const BELOW = 0.96;

/** Tests of an alert on a share, from its own numbers. */
export function shareTests(subject: ShareSubject): readonly RuleTest[] {
  const { settings, levels, otherwise, of = '' } = subject;
  const soonest = Math.min(...levels.map(([rule]) => ticksIn(settings, rule.forSeconds)));
  const ticks = MARGIN + soonest + MARGIN;
  return [
    ...levels.map((_, index) => life(subject, index)),
    ...levels.flatMap((_, index) => [edges(subject, index, ABOVE), edges(subject, index, BELOW)]),
    trafficTest(settings, {
      title: `stays quiet${of} whatever else fails`,
      parts: [{ ticks, flows: otherwise }],
      checks: [{ tick: ticks - 1, firing: [] }],
    }),
    ABSENT,
  ];
}

function windowOf({ settings, windowSeconds }: ShareSubject): number {
  return ticksIn(settings, windowSeconds);
}

function partOf(subject: ShareSubject, ticks: number, mixes: readonly Mix[]): Part {
  const traffic = mixes.map((mix) => subject.traffic(mix));
  return {
    ticks,
    flows: traffic.flatMap(({ flows }) => flows),
    extras: traffic.flatMap(({ extras = [] }) => extras),
  };
}

/** How many evaluations after such answers have begun a rule holds, when all was well for a window before. */
function passesAfter(subject: ShareSubject, { share }: Mix, level: TimedShareLevel): number {
  return Math.ceil((windowOf(subject) * level.share) / share);
}

/** The rules that fire on such answers once a window is full of them. */
function metBy({ levels, windowSeconds, leftOut }: ShareSubject, { name, perSecond, share }: Mix) {
  const total = perSecond * windowSeconds;
  return levels.filter(
    ([rule, level]) =>
      share > level.share &&
      total * share >= (level.minBad ?? 0) &&
      total >= (level.minTotal ?? 0) &&
      leftOut?.(rule).includes(name) !== true,
  );
}

function firing(subject: ShareSubject, mix: Mix, rules = metBy(subject, mix)): readonly ExpectedAlert[] {
  const { settings, windowSeconds } = subject;
  return rules.map(([rule]) =>
    expectedAlert(settings, rule, {
      labels: { ...keptLabels(settings, targetLabels(settings)), ...subject.labels(mix.name) },
      value: mix.share,
      ...subject.told(mix.perSecond * mix.share * windowSeconds),
    }),
  );
}

/**
 * Well, ill at twice the threshold, well again. The mildest level has a window of health before it, so that the window
 * decides when it begins; the others have nothing, so that all levels begin at once.
 */
function life(subject: ShareSubject, index: number): RuleTest {
  const { settings, of = '' } = subject;
  const [rule, level] = levelAt(subject, index);
  const window = windowOf(subject);
  const ill: Mix = { name: 'ill', perSecond: BUSY, share: Math.min(1, 2 * level.share) };
  const well = { ...ill, share: 0 };
  const onset = index === 0 ? window + MARGIN : MARGIN;
  const begins = (of: TimedShareLevel) => onset + (index === 0 ? passesAfter(subject, ill, of) : 1);
  const fires = (of: TimedShareLevel) => begins(of) + ticksIn(settings, of.forSeconds);
  const met = metBy(subject, ill);
  const early = fires(level) - 2;
  const end = Math.max(onset + window, ...met.map(([, one]) => fires(one))) + MARGIN + 1;
  const holdsUntil = (of: TimedShareLevel) => end + window - passesAfter(subject, ill, of);
  const keep = (of: TimedShareLevel) => holdsUntil(of) + ticksIn(settings, of.keepFiringSeconds);
  const gone = Math.max(...met.map(([, one]) => keep(one))) + MARGIN;
  const severity = settings.severityNames[rule.severity === 'none' ? 'info' : rule.severity];
  return trafficTest(settings, {
    title: `fires${of} at twice its ${level.share}, outlasts it by keep_firing_for, and resolves`,
    parts: [
      partOf(subject, onset, [{ ...well, perSecond: index === 0 ? BUSY : 0 }]),
      partOf(subject, end - onset, [ill]),
      partOf(subject, gone + 1 - end, [well]),
    ],
    checks: [
      { tick: onset, firing: [] },
      {
        tick: early,
        firing: firing(
          subject,
          ill,
          met.filter(([, one]) => fires(one) < early),
        ),
      },
      { tick: end - 1, firing: firing(subject, ill) },
      { tick: gone, firing: [] },
    ],
    stillFiring: settings.burnIn ? [] : [fires(level) + 2, keep(level) - 2].map((tick) => ({ tick, severity })),
  });
}

/** One name for each number of the level: near that, and well above all others. */
function edges(subject: ShareSubject, index: number, near: number): RuleTest {
  const { settings, windowSeconds, leftOut, tried = [], of = '' } = subject;
  const [rule, level] = levelAt(subject, index);
  const { share, minBad, minTotal } = level;
  const mixes: Mix[] = [{ name: 'share', perSecond: BUSY, share: Math.min(1, share * near) }];
  if (minBad !== undefined) {
    // Few others, so that the share is above its threshold, and some, so that they are told from those that count.
    const total = Math.max((minBad * near) / Math.min(1, 1.03 * Math.max(share, 0.4)), 1.5 * (minTotal ?? 0));
    mixes.push({ name: 'bad', perSecond: total / windowSeconds, share: (minBad * near) / total });
  }
  if (minTotal !== undefined) mixes.push({ name: 'total', perSecond: (minTotal * near) / windowSeconds, share: 1 });
  const odd = new Set([...(leftOut?.(rule) ?? []), ...tried]);
  if (near > 1) mixes.push(...[...odd].map((name) => ({ name, perSecond: BUSY, share: 1 })));
  const told = mixes.map((mix): Mix => ({ ...mix, ...(near < 1 && { restFails: true }) }));
  const idle = told.map((mix) => ({ ...mix, perSecond: 0 }));
  const longest = Math.max(...subject.levels.map(([one]) => ticksIn(settings, one.forSeconds)));
  const last = MARGIN + windowOf(subject) + longest + MARGIN;
  const alerts = mixes.flatMap((mix) => firing(subject, mix));
  return trafficTest(settings, {
    title: `${alerts.length === 0 ? 'stays quiet' : 'tells its levels apart'}${of} just ${near > 1 ? 'above' : 'below'} each number of ${rule.severity}`,
    parts: [partOf(subject, MARGIN, idle), partOf(subject, last + 1 - MARGIN, told)],
    checks: [
      { tick: MARGIN, firing: [] },
      { tick: last, firing: alerts },
    ],
  });
}

function levelAt({ levels }: ShareSubject, index: number): readonly [AlertRule, TimedShareLevel] {
  const found = levels[index];
  if (found === undefined) throw new Error('an alert on a share has no such level');
  return found;
}

/** How far apart evaluations are in tests of alerts that wait for long: each one costs promtool all rules of the pack. */
export function paced({ settings, causes }: PackContext, seconds: number): PackContext & { readonly seconds: number } {
  const evaluationIntervalSeconds = Math.max(seconds, settings.evaluationIntervalSeconds);
  return { settings: { ...settings, evaluationIntervalSeconds }, causes, seconds: evaluationIntervalSeconds };
}

/** So much of each of several kinds that one of them, the first, is the most frequent, and that all are needed. */
export function spread<T extends string>(kinds: readonly T[], share: number): Readonly<Partial<Record<T, number>>> {
  const first = firstPart(kinds);
  const rest = kinds.length > 1 ? (1 - first) / (kinds.length - 1) : 0;
  // Safe: the keys are the kinds.
  return Object.fromEntries(kinds.map((kind, at) => [kind, share * (at === 0 ? first : rest)])) as Partial<
    Record<T, number>
  >;
}

/** The part of the first of these kinds: more than each other has, and enough that texts need not tell fractions of one. */
export function firstPart(kinds: readonly string[]): number {
  return kinds.length === 1 ? 1 : Math.max(1.2 / kinds.length, 0.3);
}

/** A cause as the answer it mostly comes with. */
export function answerOf({ id, codes: [code = 0] }: CauseEntry): Answer {
  return `${code} ${id}`;
}
