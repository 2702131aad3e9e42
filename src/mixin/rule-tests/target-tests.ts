import type { AlertRule } from '../alert.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { expectedAlert } from './expected-alert.ts';
import { type ExpectedAlert, gaugeValues, type RuleTest, type Series } from './promtool.ts';
import { targetLabels, ticksIn } from './target.ts';

type Phases = Parameters<typeof gaugeValues>[0];
const MARGIN = 3;

export function targetDownTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const labels = targetLabels(settings);
  const down = ticksIn(settings, rule.forSeconds) + MARGIN;
  const up = (phases: Phases): Series => ({ name: 'up', labels, values: gaugeValues(phases) });
  const exporter = (phases: Phases): Series => ({
    name: 'llm_exporter_build_info',
    labels: { ...labels, version: '0.1.0', revision: 'abc', node_version: 'v26.0.0' },
    values: gaugeValues(phases),
  });
  const forever = 20 + down + 40;
  const firing: readonly ExpectedAlert[] = [expectedAlert(settings, rule, { labels, value: 0 })];
  return [
    {
      title: 'fires when a target that was an exporter stays down, and resolves when it is back',
      series: [
        up([
          [1, 20],
          [0, down + 10],
          [1, 20],
        ]),
        exporter([
          [1, 20],
          [undefined, down + 10],
          [1, 20],
        ]),
      ],
      checks: [
        { tick: 19, firing: [] },
        { tick: 20 + down - 2 * MARGIN, firing: [] },
        { tick: 20 + down, firing },
        { tick: 20 + down + 10 + MARGIN, firing: [] },
      ],
    },
    {
      title: 'stays quiet through a rolling deploy',
      series: [
        up([
          [1, 20],
          [0, down - 2 * MARGIN],
          [1, 20],
        ]),
        exporter([
          [1, 20],
          [undefined, down - 2 * MARGIN],
          [1, 20],
        ]),
      ],
      checks: [20, 20 + down - 2 * MARGIN, 20 + down].map((tick) => ({ tick, firing: [] })),
    },
    {
      title: 'stays quiet when a target of another kind is down',
      series: [up([[0, forever]])],
      checks: [{ tick: forever - 1, firing: [] }],
    },
    {
      title: 'stays quiet on a healthy exporter',
      series: [up([[1, forever]]), exporter([[1, forever]])],
      checks: [{ tick: forever - 1, firing: [] }],
    },
    { title: 'stays quiet on absent data', series: [], checks: [{ tick: 30, firing: [] }] },
  ];
}
