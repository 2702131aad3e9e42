import type { AlertRule } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import type { ShareLevel } from '../share.ts';
import { expectedAlert } from './expected-alert.ts';
import type { Incident } from './expected-facts.ts';
import { ABSENT, lifecycleTest, MARGIN, type Part, trafficTest } from './lifecycle.ts';
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
  /** What the alert says of it: its labels, and what its texts find. */
  incident(name: string, mix: Mix, settings: MixinSettings): readonly Omit<Incident, 'value'>[];
}

type Level = ShareUnderTest['rules'][number];

/** Busy enough for every guard. */
const BUSY = 20;

/** For each level: its life, and each of its numbers from just above and just below. */
export function shareTests(settings: MixinSettings, subject: ShareUnderTest): readonly RuleTest[] {
  return [
    ...subject.rules.map((level) => shareLifecycle(settings, subject, level)),
    ...subject.rules.map((level) => countsTest(settings, subject, level)),
    ABSENT,
  ];
}

function shareLifecycle(settings: MixinSettings, subject: ShareUnderTest, [rule, level]: Level): RuleTest {
  const window = ticksIn(settings, level.windowSeconds);
  const all = busy(level);
  const part = Math.min(isFactor(level) ? 1.9 * level.share : 1, 1.9 * level.share);
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

/** Several models at once: what one does must not count for another. */
function countsTest(settings: MixinSettings, subject: ShareUnderTest, [rule, level]: Level): RuleTest {
  const { share, minBad = 0, minTotal = 0, windowSeconds } = level;
  const perSecond = ({ all, bad }: Mix) => ({ all: all / windowSeconds, bad: bad / windowSeconds });
  const enough = Math.max(1.5 * minTotal, isFactor(level) ? (1.5 * minBad) / (2 * share) : 1.5 * minBad);
  const mixes: [string, Mix][] = [
    ['model/below', { all: busy(level), bad: 0.9 * share * busy(level) }],
    ['model/enough', perSecond({ all: enough, bad: Math.max(1.5 * minBad, 1.5 * share * enough) })],
  ];
  if (minTotal > 0)
    mixes.push([
      'model/few',
      perSecond({ all: 0.9 * minTotal, bad: Math.min(0.9 * minTotal, 1.5 * minBad || 0.9 * minTotal) }),
    ]);
  if (minBad > 0) {
    const all = isFactor(level) ? (0.9 * minBad) / (2 * share) : Math.max(1.5 * minTotal, 0.9 * minBad);
    mixes.push(['model/few-bad', perSecond({ all, bad: 0.9 * minBad })]);
  }
  const longest = Math.max(...subject.rules.map(([other, { windowSeconds: w }]) => 2 * w + other.forSeconds));
  const ticks = ticksIn(settings, longest) + MARGIN;
  return trafficTest(settings, {
    title: `at ${rule.severity} fires just above each of its numbers and not just below`,
    parts: [{ ...together(mixes.map(([name, mix]) => subject.traffic(name, mix))), ticks }],
    checks: [{ tick: ticks - 1, firing: expectedOf(settings, subject, mixes) }],
  });
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
