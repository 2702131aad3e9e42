import type { AlertRule, PackContext } from '../alert.ts';
import { codesOf, type SpikeAlert, type SpikeLevel } from '../settings/spike-levels.ts';
import type { Check, RuleTest } from './promtool.ts';
import { createStory, type Mix, type SpikeUnderTest, type Story, type StoryLevel, type Stretch } from './story.ts';
import { targetLabels } from './target.ts';

/** Answers per evaluation: enough that a threshold of a tenth of a per cent is a whole number. */
const BUSY = 1000;
/** How much longer than the offset of the baseline all is as usual, so that something is known of it. */
const USUAL_BEYOND_OFFSET = 10;
/** Keeps clear of the edges of a window, where Prometheus 3 (left-open ranges) and 2 differ by one sample. */
const MARGIN = 3;

/** Tests of one spike alert, made from its own thresholds. */
export function spikeTests(context: PackContext, name: SpikeAlert, rules: readonly AlertRule[]): readonly RuleTest[] {
  const subject = { name, rules };
  const story = createStory(context, subject);
  const { levels } = story;
  const [mildest] = levels;
  if (mildest === undefined) return [];
  return [
    ...levels.map((level) => firesAndResolves(story, level)),
    firesWithoutHistory(story, mildest),
    staysQuiet(story, 'stays quiet on a healthy model', [{ ticks: usualTicks(story), all: BUSY, bad: 0 }]),
    staysQuiet(story, 'stays quiet just below its threshold', [
      { ticks: story.offset - MARGIN, all: BUSY, bad: Math.ceil(mildest.share * BUSY) - 1 },
    ]),
    ...guards(story, mildest),
    ...levels.flatMap((level) => numbers(story, level)),
    ...levels.map((level) => blip(story, level)),
    ...relative(story, mildest),
    ...environments(context, subject, mildest),
    ...ownRefusals(story, mildest),
    ...otherCodes(context, subject),
    ...neverCritical(context, subject),
    { title: 'stays quiet on absent data', series: [], checks: [{ tick: 30, firing: [] }] },
  ];
}

function twice({ share }: SpikeLevel): Mix {
  return { all: BUSY, bad: Math.round(Math.min(1, 2 * share) * BUSY) };
}

/** How long a usual level is measured before something happens. */
function usualTicks({ offset }: Story): number {
  return offset + USUAL_BEYOND_OFFSET;
}

/** Health long enough to be the usual level, errors at twice the threshold, and health again. */
function firesAndResolves(story: Story, level: StoryLevel): RuleTest {
  const longestKeepSeconds = Math.max(...story.levels.map(({ keepFiringSeconds }) => keepFiringSeconds));
  const before = usualTicks(story);
  const mix = twice(level);
  const fires = before + story.window + story.ticksOf(level.forSeconds) + MARGIN;
  const end = fires + MARGIN;
  const gone = end + story.window + story.ticksOf(longestKeepSeconds) + MARGIN;
  return {
    title: `fires at twice its ${level.share}, outlasts the errors by keep_firing_for, and resolves`,
    series: story.series([
      { ticks: before, all: BUSY, bad: 0 },
      { ticks: end - before, ...mix },
      { ticks: gone - end, all: BUSY, bad: 0 },
    ]),
    checks: [
      { tick: before, firing: [] },
      { tick: before + 1, firing: [] },
      { tick: fires, firing: story.firing(mix, 0) },
      { tick: gone, firing: [] },
    ],
    stillFiring: [
      story.stillFiring(level, end + Math.min(story.ticksOf(level.keepFiringSeconds), story.window + MARGIN) - 1),
    ],
  };
}

/** The absolute threshold alone: a model that fails from its first minute on has no usual level yet. */
function firesWithoutHistory(story: Story, level: SpikeLevel): RuleTest {
  const mix = twice(level);
  const fires = story.window + story.ticksOf(level.forSeconds) + MARGIN;
  return {
    title: `fires at twice its ${level.share} on a model without history`,
    series: story.series([{ ticks: fires, ...mix }]),
    checks: [{ tick: fires, firing: story.firing(mix) }],
  };
}

function staysQuiet(story: Story, title: string, stretches: readonly Stretch[]): RuleTest {
  const ticks = stretches.reduce((sum, stretch) => sum + stretch.ticks, 0);
  // Once a window: an alert that fires is kept for longer than that, so none can slip through between.
  const checks: Check[] = [{ tick: ticks, firing: [] }];
  for (let tick = story.window; tick < ticks; tick += story.window) checks.push({ tick, firing: [] });
  return { title, series: story.series(stretches), checks };
}

/** All answers bad, but too few answers; and a share far above the threshold, but too few bad ones. */
function guards(story: Story, level: SpikeLevel): readonly RuleTest[] {
  // A rate may be stretched by one interval of the window to reach its edges: stay that far below the guard.
  const stretchable = (count: number) => Math.floor((count - 1) * (1 - 1 / story.window));
  const few = Math.floor(stretchable(level.minTotal) / story.window);
  const bad = stretchable(level.minBad);
  const quiet = { ticks: 2 * story.window, all: 0, bad: 0 };
  return [
    staysQuiet(story, `stays quiet below ${level.minTotal} answers, all of them bad`, [
      { ticks: usualTicks(story), all: few, bad: few },
    ]),
    staysQuiet(story, `stays quiet below ${level.minBad} bad answers, whatever their share`, [
      quiet,
      { ticks: 1, all: Math.max(2 * bad, level.minTotal), bad },
      quiet,
    ]),
  ];
}

/** Half as much again as each number asks for, and three quarters of it; the other numbers are well exceeded. */
function numbers(story: Story, level: StoryLevel): readonly RuleTest[] {
  const { share, minBad, minTotal, window, severity, forSeconds } = level;
  const ticks = story.window + story.ticksOf(forSeconds) + MARGIN;
  return ([1.5, 0.75] as const).flatMap((factor) => {
    const few = (factor * minTotal) / window;
    const bad = (factor * minBad) / window;
    const mixes: readonly (readonly [what: string, mix: Mix])[] = [
      [`${minTotal} answers`, { all: few, bad: few }],
      [`${minBad} bad ones`, { all: bad / Math.min(1, 1.4 * share), bad }],
      [`a share of ${share}`, { all: BUSY, bad: factor * share * BUSY }],
    ];
    return mixes.map(([what, mix]) => ({
      title: `at ${severity} takes ${factor} times ${what} for what it is`,
      series: story.series([{ ticks, ...mix }]),
      checks: [{ tick: ticks, firing: story.firing(mix) }],
    }));
  });
}

/** All answers fail, and before the next look many good ones have come: shorter than any level waits. */
function blip(story: Story, { minBad, minTotal, severity, window }: StoryLevel): RuleTest {
  const bad = 2 * Math.max(minBad, minTotal);
  return staysQuiet(story, `stays quiet on a blip that would be ${severity}`, [
    { ticks: 1, all: bad, bad },
    { ticks: window, all: BUSY * bad, bad: 0 },
  ]);
}

/** A model that pages for nobody. */
function neverCritical(context: PackContext, subject: SpikeUnderTest): readonly RuleTest[] {
  return context.settings.neverCriticalModels.map((model) => {
    const story = createStory(context, { ...subject, model });
    const mix = { all: BUSY, bad: BUSY };
    const ticks = story.window + Math.max(...story.levels.map(({ forSeconds }) => story.ticksOf(forSeconds))) + MARGIN;
    return {
      title: `is not critical for model "${model}"`,
      series: story.series([{ ticks, ...mix }]),
      checks: [{ tick: ticks, firing: story.firing(mix) }],
    };
  });
}

/** One model in two environments, which fails in both, each for a cause of its own. */
function environments(context: PackContext, subject: SpikeUnderTest, level: SpikeLevel): readonly RuleTest[] {
  const { settings } = context;
  const label = settings.identityLabels.find((name) => !(name in targetLabels(settings)));
  if (label === undefined) return [];
  const [here, there] = ['production', 'staging'].map((value, mainCause) =>
    createStory(context, { ...subject, labels: { [label]: value }, mainCause }),
  );
  if (here === undefined || there === undefined) return [];
  const mix = twice(level);
  const ticks = here.window + here.ticksOf(level.forSeconds) + MARGIN;
  const stretches = [{ ticks, ...mix }];
  return [
    {
      title: `names the cause of its own ${label}`,
      series: [...here.series(stretches), ...there.series(stretches)],
      checks: [{ tick: ticks, firing: [...here.firing(mix), ...there.firing(mix)] }],
    },
  ];
}

/** All codes of the alert are treated alike. */
function otherCodes(context: PackContext, subject: SpikeUnderTest): readonly RuleTest[] {
  const [, ...codes] = codesOf(context.settings, subject.name);
  return codes.flatMap((code) => {
    const story = createStory(context, { ...subject, code });
    const tests = story.levels.flatMap((level) => [
      firesWithoutHistory(story, level),
      ...relative(story, level),
      ...ownRefusals(story, level),
    ]);
    return tests.map((one) => ({ ...one, title: `${one.title}, with ${code}` }));
  });
}

/** Our own throttle refuses most of the requests: it is no fault of the API, and takes nothing from its share either. */
function ownRefusals(story: Story, level: SpikeLevel): readonly RuleTest[] {
  const ticks = story.window + story.ticksOf(level.forSeconds) + MARGIN;
  const mix = twice(level);
  const refused = 20 * BUSY;
  return [
    staysQuiet(story, 'stays quiet when our own throttle refuses', [{ ticks, all: BUSY, bad: 0, refused }]),
    {
      title: `fires at twice its ${level.share} of what our own throttle lets through`,
      series: story.series([{ ticks, ...mix, refused }]),
      checks: [{ tick: ticks, firing: story.firing(mix) }],
    },
  ];
}

/** The arm that compares with the model's own usual level, below the absolute threshold. */
function relative(story: Story, { share: threshold, baselineFloor, baselineFactor }: SpikeLevel): readonly RuleTest[] {
  if (baselineFloor === undefined || baselineFactor === undefined) return [];
  const spike = { all: BUSY, bad: Math.round(((threshold + baselineFloor) / 2) * BUSY) };
  const share = spike.bad / BUSY;
  const calm = Math.floor((0.5 * share * BUSY) / baselineFactor);
  const noisy = Math.ceil((1.5 * share * BUSY) / baselineFactor);
  const after = { ...spike, ticks: story.offset - MARGIN };
  const floor = { all: BUSY, bad: 1.5 * baselineFloor * BUSY };
  return [
    {
      title: `fires below ${threshold} when that is over ${baselineFactor} times the usual level`,
      series: story.series([{ ticks: usualTicks(story), all: BUSY, bad: calm }, after]),
      checks: [{ tick: usualTicks(story) + after.ticks, firing: story.firing(spike, calm / BUSY) }],
    },
    {
      title: `fires little above the floor of ${baselineFloor} and ${baselineFactor} times the usual level`,
      series: story.series([
        { ticks: usualTicks(story), all: BUSY, bad: floor.bad / (1.5 * baselineFactor) },
        { ...after, ...floor },
      ]),
      checks: [
        {
          tick: usualTicks(story) + after.ticks,
          firing: story.firing(floor, floor.bad / (1.5 * baselineFactor) / BUSY),
        },
      ],
    },
    {
      title: `fires below ${threshold} on a model that has never failed`,
      series: story.series([{ ticks: usualTicks(story), all: BUSY, bad: 0, unborn: true }, after]),
      checks: [{ tick: usualTicks(story) + after.ticks, firing: story.firing(spike, 0) }],
    },
    staysQuiet(story, `stays quiet below ${threshold} when that is not over ${baselineFactor} times the usual level`, [
      { ticks: usualTicks(story), all: BUSY, bad: noisy },
      after,
    ]),
    staysQuiet(story, `stays quiet below ${threshold} at a level that is reached for a part of the time`, [
      { ticks: story.window + MARGIN, all: BUSY, bad: noisy },
      { ticks: usualTicks(story) - story.window - MARGIN, all: BUSY, bad: 0 },
      after,
    ]),
    staysQuiet(story, `stays quiet below the floor of ${baselineFloor}, however unusual`, [
      { ticks: usualTicks(story), all: BUSY, bad: 0 },
      { ...after, bad: Math.ceil(baselineFloor * BUSY) - 1 },
    ]),
  ];
}
