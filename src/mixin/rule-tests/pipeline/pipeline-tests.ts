import type { AlertRule } from '../../alert.ts';
import { type Extra, instanceLabels } from '../../scenario/traffic.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { expectedAlert } from '../expected-alert.ts';
import { ABSENT, type Lifecycle, lifecycleTest, MARGIN, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { ticksIn } from '../target.ts';

/** An alert about one exporter, or one source of it: the first of two instances is at fault. */
export interface PipelineCase {
  readonly title: string;
  readonly rule: AlertRule;
  readonly well: readonly Extra[];
  readonly ill: readonly Extra[];
  /** Of the alert, beside those of its target. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  readonly holdsAfter?: number;
  readonly steadyAfter?: number;
  readonly endsAfter?: number;
  readonly beforeTicks?: number;
  readonly after?: readonly Extra[];
}

export function pipelineLife(settings: MixinSettings, one: PipelineCase): RuleTest {
  const { title, rule, well, ill, holdsAfter = 0, steadyAfter, endsAfter = 0, beforeTicks = 20, after = well } = one;
  const life: Lifecycle = {
    title,
    rule,
    before: [{ ticks: beforeTicks, extras: well }],
    ill: { extras: ill },
    after: { extras: after },
    holdsAfter,
    ...(steadyAfter !== undefined && { steadyAfter }),
    endsAfter,
    firing: [firingOn(settings, one)],
  };
  return lifecycleTest(settings, life);
}

/** The same for a gauge that holds for some time: neither a scrape that fails nor an exporter that is gone changes that time. */
export function gaugeTests(settings: MixinSettings, one: PipelineCase, holdSeconds: number): readonly RuleTest[] {
  const { rule, well, ill, holdsAfter = 0 } = one;
  const wait = holdsAfter + ticksIn(settings, rule.forSeconds);
  const hold = ticksIn(settings, holdSeconds);
  const keep = ticksIn(settings, rule.keepFiringSeconds ?? 0);
  const fires = 10 + wait + MARGIN;
  return [
    pipelineLife(settings, one),
    trafficTest(settings, {
      title: `${one.title}, though every third scrape fails`,
      parts: [
        { ticks: 10, extras: well },
        { ticks: wait + 2 * MARGIN, extras: ill, missEvery: 3 },
      ],
      checks: [{ tick: fires, firing: [firingOn(settings, one)] }],
    }),
    trafficTest(settings, {
      title: `${one.title}, and ends soon after the exporter is gone`,
      parts: [
        { ticks: 10, extras: well },
        { ticks: wait + MARGIN + 1, extras: ill },
        { ticks: hold + keep + 2 * MARGIN, extras: [], instances: { 0: 'gone' } },
      ],
      checks: [
        { tick: fires, firing: [firingOn(settings, one)] },
        { tick: fires + hold + keep + MARGIN, firing: [] },
      ],
    }),
    ABSENT,
  ];
}

export function firingOn(
  settings: MixinSettings,
  { rule, labels, value }: Pick<PipelineCase, 'rule' | 'labels' | 'value'>,
  instance = 0,
): ExpectedAlert {
  return expectedAlert(settings, rule, { labels: { ...instanceLabels(settings, instance), ...labels }, value });
}

/** A value on the first instance, and another on the second, which is well. */
export function onFirst(name: string, labels: Extra['labels'], first: number, second = 0): readonly Extra[] {
  return [
    { name, ...(labels && { labels }), instance: 0, value: first },
    { name, ...(labels && { labels }), instance: 1, value: second },
  ];
}

/** Growth on the first instance, and another on the second. */
export function growsOnFirst(name: string, labels: Extra['labels'], first: number, second = 0): readonly Extra[] {
  return [
    { name, ...(labels && { labels }), instance: 0, perSecond: first },
    { name, ...(labels && { labels }), instance: 1, perSecond: second },
  ];
}
