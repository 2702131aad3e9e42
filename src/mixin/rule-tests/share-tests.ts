import type { AlertRule } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import type { ShareLevel } from '../share.ts';
import { expectedAlert } from './expected-alert.ts';
import type { Incident } from './expected-facts.ts';
import { ABSENT, lifecycleTest, MARGIN, type Part, quietTest, trafficTest } from './lifecycle.ts';
import type { ExpectedAlert, RuleTest } from './promtool.ts';
import { ticksIn } from './target.ts';

/** What happens each second, among all instances. */
export interface Mix {
  readonly all: number;
  readonly bad: number;
}

export interface TimedShare extends ShareLevel {
  readonly windowSeconds: number;
}

/** An alert on a share, and how traffic looks that has one. */
export interface ShareUnderTest {
  /** The mildest first. */
  readonly rules: readonly (readonly [rule: AlertRule, level: TimedShare])[];
  /** Traffic of one model or source that has a name of its own. */
  traffic(name: string, mix: Mix): Omit<Part, 'ticks'>;
  /** Traffic of a model that must not count as bad, though it is nearly what does; or not as one of all. */
  readonly noise?: { readonly notBad?: readonly Noise[]; readonly notAll?: readonly Noise[] };
  /** What the alert says of it: its labels, and what its texts find. */
  incident(name: string, mix: Mix, settings: MixinSettings): readonly Omit<Incident, 'value'>[];
}

type Noise = (name: string, perSecond: number) => Omit<Part, 'ticks'>;
type Level = ShareUnderTest['rules'][number];

/** Busy enough for every guard. */
const BUSY = 20;

/** For each level: its life, and each of its numbers from just above and just below. */
export function shareTests(settings: MixinSettings, subject: ShareUnderTest): readonly RuleTest[] {
  return [
    ...subject.rules.map((level) => shareLifecycle(settings, subject, level)),
    ...subject.rules.map((level) => countsTest(settings, subject, level)),
    ...(subject.noise === undefined ? [] : subject.rules.map((level) => noiseTest(settings, subject, level))),
    restartTest(settings, subject),
    ABSENT,
  ];
}

function shareLifecycle(settings: MixinSettings, subject: ShareUnderTest, [rule, level]: Level): RuleTest {
  const window = ticksIn(settings, level.windowSeconds);
  const all = busy(level);
  // Nearly twice, so that a threshold of twice as much is too high; and below what the next severity fires at.
  const next = subject.rules.map(([, { share }]) => share).find((share) => share > level.share);
  const part = Math.min(isFactor(level) ? 1.9 * level.share : 1, 1.9 * level.share, 0.95 * (next ?? Infinity));
  const mix = { all, bad: all * part };
  const well = subject.traffic('model/ill', { all, bad: base(level) * all });
  const others = subject.rules.filter(([, other]) => exceeds(other, mix));
  return lifecycleTest(settings, {
    title: `at ${rule.severity} fires at nearly twice its ${level.share}, in time, outlasts it by keep_firing_for and resolves`,
    rule,
    before: [{ ...well, ticks: 4 * window + MARGIN }],
    ill: subject.traffic('model/ill', mix),
    after: subject.traffic('model/ill', { all: BUSY * all, bad: base(level) * BUSY * all }),
    holdsAfter: Math.floor((window * (level.share - base(level))) / (part - base(level))),
    steadyAfter: Math.max(
      ...others.map(([other, { windowSeconds }]) => ticksIn(settings, windowSeconds + other.forSeconds)),
    ),
    endsAfter: Math.ceil(window / 4),
    firing: expectedOf(settings, subject, [['model/ill', mix]]),
  });
}

type Named = readonly [name: string, mix: Mix];

/** Several models at once: what one does must not count for another. */
function countsTest(settings: MixinSettings, subject: ShareUnderTest, [rule, level]: Level): RuleTest {
  return steadyTest(settings, subject, {
    title: `at ${rule.severity} fires just above each of its numbers and not just below`,
    mixes: [below(level), enough(level), ...few(level), ...fewBad(level)],
    noise: [],
  });
}

/** Each number again, beside much of what is nearly what it counts: counted, it would be above it, or the share below. */
function noiseTest(settings: MixinSettings, subject: ShareUnderTest, [rule, level]: Level): RuleTest {
  const { notBad = [], notAll = [] } = subject.noise ?? {};
  const { share, minBad = 0, minTotal = 0, windowSeconds } = level;
  const parts: [Named, Noise, number][] = [];
  const add = (name: string, cases: readonly Named[], noise: Noise, perSecond: number) => {
    for (const [one, mix] of cases) parts.push([[`${one}-${name}`, mix], noise, perSecond]);
  };
  for (const [index, noise] of notBad.entries()) {
    add(`bad-${index}`, [below(level), above(level)], noise, share * busy(level));
    add(`bad-${index}`, fewBad(level), noise, minBad / windowSeconds);
  }
  for (const [index, noise] of notAll.entries()) {
    add(`all-${index}`, [above(level)], noise, 10 * busy(level));
    add(`all-${index}`, few(level), noise, (10 * minTotal) / windowSeconds);
  }
  return steadyTest(settings, subject, {
    title: `at ${rule.severity} counts nothing else`,
    mixes: parts.map(([named]) => named),
    noise: parts.map(([[name], noise, perSecond]) => noise(name, perSecond)),
  });
}

/** A counter that begins anew at 0 has not grown by what it shows. */
function restartTest(settings: MixinSettings, subject: ShareUnderTest): RuleTest {
  const [[, level] = []] = subject.rules;
  if (level === undefined) throw new Error('an alert without a rule');
  const all = busy(level);
  const well = subject.traffic('model/well', { all, bad: base(level) * all + 0.5 * (level.share - base(level)) * all });
  return quietTest(settings, {
    title: 'stays quiet on what is usual, through restarts and scrapes that fail',
    parts: [
      { ...well, ticks: 30 },
      { ...well, ticks: 4, instances: { 1: 'down' } },
      { ...well, ticks: 20, instances: { 1: 'restarted' } },
      { ...well, ticks: 20, missEvery: 4 },
    ],
  });
}

interface Steady {
  readonly title: string;
  readonly mixes: readonly Named[];
  readonly noise: readonly Omit<Part, 'ticks'>[];
}

function steadyTest(settings: MixinSettings, subject: ShareUnderTest, { title, mixes, noise }: Steady): RuleTest {
  const longest = Math.max(...subject.rules.map(([rule, { windowSeconds }]) => windowSeconds + rule.forSeconds));
  const ticks = ticksIn(settings, longest) + 2 * MARGIN;
  return trafficTest(settings, {
    title,
    parts: [{ ...together([...mixes.map(([name, mix]) => subject.traffic(name, mix)), ...noise]), ticks }],
    checks: [{ tick: ticks - 1, firing: expectedOf(settings, subject, mixes) }],
  });
}

function below(level: TimedShare): Named {
  return ['model/below', { all: busy(level), bad: 0.9 * level.share * busy(level) }];
}

function above(level: TimedShare): Named {
  return ['model/above', { all: busy(level), bad: 1.5 * level.share * busy(level) }];
}

function enough(level: TimedShare): Named {
  const { share, minBad = 0, minTotal = 0 } = level;
  const all = Math.max(1.5 * minTotal, isFactor(level) ? (1.5 * minBad) / (2 * share) : 1.5 * minBad);
  return ['model/enough', perSecond(level, { all, bad: Math.max(1.5 * minBad, 1.5 * share * all) })];
}

function few(level: TimedShare): readonly Named[] {
  const { minBad = 0, minTotal = 0 } = level;
  if (minTotal === 0) return [];
  const all = 0.9 * minTotal;
  return [['model/few', perSecond(level, { all, bad: Math.min(all, 1.5 * minBad || all) })]];
}

function fewBad(level: TimedShare): readonly Named[] {
  const { share, minBad = 0, minTotal = 0 } = level;
  if (minBad === 0) return [];
  const bad = 0.9 * minBad;
  return [
    [
      'model/few-bad',
      perSecond(level, { all: isFactor(level) ? bad / (2 * share) : Math.max(1.5 * minTotal, bad), bad }),
    ],
  ];
}

function perSecond({ windowSeconds }: TimedShare, { all, bad }: Mix): Mix {
  return { all: all / windowSeconds, bad: bad / windowSeconds };
}

/** A share above 1 is a factor: of tries, for one. */
function isFactor({ share }: ShareLevel): boolean {
  return share > 1;
}

/** What is usual where all is well. */
function base(level: ShareLevel): number {
  return isFactor(level) ? 1 : 0;
}

/** Per second, so that all guards are far below. */
function busy({ minBad = 0, minTotal = 0, windowSeconds, share }: TimedShare): number {
  return (BUSY * Math.max(minTotal, minBad / Math.min(share, 1), 1)) / windowSeconds;
}

function exceeds({ share, minBad = 0, minTotal = 0, windowSeconds }: TimedShare, { all, bad }: Mix): boolean {
  return bad / all > share && bad * windowSeconds >= minBad && all * windowSeconds >= minTotal;
}

/** Every alert that these must cause, and no other. */
export function expectedOf(
  settings: MixinSettings,
  subject: ShareUnderTest,
  mixes: readonly (readonly [name: string, mix: Mix])[],
): readonly ExpectedAlert[] {
  return mixes.flatMap(([name, mix]) =>
    subject.rules
      .filter(([, level]) => exceeds(level, mix))
      .flatMap(([rule]) =>
        subject
          .incident(name, mix, settings)
          .map((incident) => expectedAlert(settings, rule, { ...incident, value: mix.bad / mix.all })),
      ),
  );
}

/** Traffic of several at the same time. */
export function together(parts: readonly Omit<Part, 'ticks'>[]): Omit<Part, 'ticks'> {
  return { flows: parts.flatMap(({ flows = [] }) => flows), extras: parts.flatMap(({ extras = [] }) => extras) };
}
