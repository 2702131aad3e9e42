import type { AlertEntry } from '../alert.ts';
import { labelsOf } from '../alert.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import type { AlertName, Severity } from '../settings/thresholds.ts';
import { yamlFile } from '../yaml-file.ts';
import { type Stretch, type TrafficOptions, trafficSeries } from './traffic.ts';

/** An alert that must be firing, by what tells it from others of its name. */
export interface Firing {
  readonly alert: AlertName;
  readonly severity: Severity;
  /** Its labels beside those of the target and of the rule: provider, model, code, source ... */
  readonly labels: Readonly<Record<string, string>>;
}

/** A moment, counted from the beginning, and every alert of the pack that is firing then: these and no others. */
export interface Moment {
  readonly seconds: number;
  readonly firing: readonly Firing[];
}

/** A story of hours in an operator's life, told to the whole pack. */
export interface Scenario {
  /** Lower case with dashes: the name of its test. */
  readonly name: string;
  /** One sentence: what happens. */
  readonly story: string;
  readonly stretches: readonly Stretch[];
  readonly options?: TrafficOptions;
  readonly moments: readonly Moment[];
}

/** `alerts/tests/scenarios/<name>.yml`. */
export function scenarioFile(settings: MixinSettings, scenario: Scenario, entries: readonly AlertEntry[]): string {
  const interval = scaled(settings, settings.evaluationIntervalSeconds);
  const series = trafficSeries(settings, scenario.stretches, scenario.options);
  const rules = entries.flatMap((entry) => entry.rules);
  return yamlFile(
    {
      rule_files: ['../../llm.rules.yml'],
      evaluation_interval: interval,
      tests: [
        {
          name: scenario.name,
          interval,
          input_series: series.map(({ name, labels, values }) => ({ series: name + labelText(labels), values })),
          promql_expr_test: scenario.moments.map(({ seconds, firing }) => ({
            // What the alert is about and how bad it is; the labels of the target are those of the tests of each alert.
            expr: `group by (${SHOWN.join(', ')}) (ALERTS{alertstate="firing"})`,
            eval_time: scaled(settings, seconds),
            exp_samples: firing.flatMap((one) => {
              const rule = rules.find(({ alert, severity }) => alert === one.alert && severity === one.severity);
              // Left out by the settings.
              if (rule === undefined) return [];
              const { severity = '' } = labelsOf(settings, rule);
              const labels = { ...one.labels, alertname: one.alert, severity };
              return [{ labels: labelText(pick(labels)), value: 1 }];
            }),
          })),
        },
      ],
    },
    `${scenario.story}\nRun: promtool test rules alerts/tests/scenarios/*.yml`,
  );
}

/** The labels by which alerts are told apart in a scenario. */
const SHOWN = ['alertname', 'severity', 'provider', 'model', 'code', 'source'] as const;

function pick(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(SHOWN.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(',')}}`;
}
