import type { Catalogue, CauseEntry } from '../../classify/catalogue.ts';
import { type AlertName, spikeAnnotations } from '../alerts.ts';
import { adviceLine, causesWithCodes } from '../causes.ts';
import type { MixinSettings, Spike, SpikeLevel, SpikeSeverity } from '../settings.ts';
import { type ExpectedAlert, requests, type Series } from './promtool.ts';
import { type TargetLabels, targetLabels, ticksIn } from './target.ts';

/** An alert under test: `severities` are those that fire under its name, the mildest first. */
export interface SpikeUnderTest {
  readonly alert: AlertName;
  readonly spike: Spike;
  readonly severities: readonly [SpikeSeverity, ...SpikeSeverity[]];
  /** More labels of the exporter's target. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Which of the causes that come with the code is the most frequent one, counted from 0. */
  readonly mainCause?: number;
}

/** A name that must be escaped in a URL and quoted in a query. */
const MODEL = 'deepseek/deepseek-v3.1';
const PROVIDER = 'novita';

/** Answers per evaluation. */
export interface Mix {
  readonly all: number;
  readonly bad: number;
}

export interface Stretch extends Mix {
  readonly ticks: number;
}

/** Traffic of one model, and the alerts it must cause. Times are in evaluations. */
export interface Story {
  /** Window of the mildest of the alerts, which is the longest. */
  readonly window: number;
  /** How long after its beginning an incident does not count towards the usual level. */
  readonly offset: number;
  ticksOf(seconds: number): number;
  series(stretches: readonly Stretch[]): readonly Series[];
  /** Alerts that fire on this mix, with the usual level as their text says it. */
  firing(mix: Mix, usual: string): readonly ExpectedAlert[];
}

export function createStory(settings: MixinSettings, causes: Catalogue['causes'], subject: SpikeUnderTest): Story {
  const { spike, alert, severities, mainCause = 0 } = subject;
  const target = { ...targetLabels(settings), ...subject.labels };
  const code = spike.codes[0];
  const possible = causesWithCodes(causes, [code]);
  const main = possible[mainCause];
  const other = possible.find((cause) => cause !== main);
  if (main === undefined || other === undefined) throw new Error(`the catalogue has fewer than two causes for ${code}`);
  return {
    window: ticksIn(settings, settings.windowSeconds[severities[0]]),
    offset: ticksIn(settings, settings.baseline.offsetSeconds),
    ticksOf: (seconds) => ticksIn(settings, seconds),
    series: (stretches) => traffic(target, { code, main, other }, stretches),
    firing: (mix, usual) =>
      severities
        .filter((severity) => exceeds(spike[severity], mix))
        .map((severity) => ({
          exp_labels: { ...expectedLabels(settings, target), code, severity },
          exp_annotations: spikeAnnotations(
            settings,
            { alert, severity },
            { ...expectedFacts({ mix, usual, main, code }), where: whereOf(settings, target) },
          ),
        })),
  };
}

interface Failure {
  readonly code: string;
  readonly main: CauseEntry;
  readonly other: CauseEntry;
}

/** Two instances, because a rule that forgot to sum would be wrong; two causes; and a model that is always well. */
function traffic(first: TargetLabels, { code, main, other }: Failure, stretches: readonly Stretch[]) {
  const second = { ...first, instance: '10.0.0.2:9503', pod: 'gateway-1' };
  const good = { provider: PROVIDER, model: MODEL, stream: 'false', code: '200', cause: 'none' };
  const lines = [
    { target: first, labels: good, count: ({ all, bad }: Mix) => Math.ceil((all - bad) / 2) },
    { target: second, labels: good, count: ({ all, bad }: Mix) => Math.floor((all - bad) / 2) },
    { target: first, labels: { ...good, code, cause: main.id }, count: ({ bad }: Mix) => bad - minor(bad) },
    { target: second, labels: { ...good, code, cause: other.id }, count: ({ bad }: Mix) => minor(bad) },
    { target: first, labels: { ...good, model: 'control' }, count: ({ all }: Mix) => all },
  ];
  return lines.map(({ target, labels, count }) => {
    const phases = stretches.map((stretch) => ({ ticks: stretch.ticks, perTick: count(stretch) }));
    return requests(target, labels, phases);
  });
}

/** How many of the bad ones have the less frequent cause. */
function minor(bad: number): number {
  return Math.floor(bad / 5);
}

function exceeds({ ratio, baseline }: SpikeLevel, { all, bad }: Mix): boolean {
  return bad / all > Math.min(ratio, baseline?.floor ?? ratio);
}

function expectedLabels(settings: MixinSettings, target: TargetLabels) {
  const kept = Object.entries(target).filter(([label]) => !settings.dropLabels.includes(label));
  const own = { component: 'llm-api', signal: 'availability' };
  return { ...Object.fromEntries(kept), provider: PROVIDER, model: MODEL, ...own };
}

function whereOf({ identityLabels }: MixinSettings, target: Readonly<Record<string, string>>): string {
  return identityLabels
    .filter((label) => target[label] !== undefined)
    .map((label) => ` ${label}=${target[label]}`)
    .join('');
}

interface Expectation {
  readonly mix: Mix;
  readonly usual: string;
  readonly main: CauseEntry;
  readonly code: string;
}

function expectedFacts({ mix, usual, main, code }: Expectation) {
  return {
    provider: PROVIDER,
    model: MODEL,
    code,
    ratio: humanize(mix.bad / mix.all),
    usual,
    cause: main.id,
    causeShare: humanize((mix.bad - minor(mix.bad)) / mix.bad),
    advice: adviceLine(main),
    query: `var-provider=${PROVIDER}&var-model=${encodeURIComponent(MODEL)}&var-code=${code}`,
  };
}

/** As Prometheus' humanizePercentage does: four significant digits. */
export function humanize(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(4))}%`;
}
