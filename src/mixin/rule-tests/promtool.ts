import type { Labels } from '../../metrics/families.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import type { AlertName } from '../settings/thresholds.ts';
import { yamlFile } from '../yaml-file.ts';

/** One stretch of a counter: it grows by `perTick` at each of so many evaluations. Without, before the first growth, it is not there. */
export interface Phase {
  readonly ticks: number;
  readonly perTick: number | undefined;
}

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In promtool's notation: `0+2x10 20+5x3`. */
  readonly values: string;
}

export interface ExpectedAlert {
  readonly exp_labels: Readonly<Record<string, string>>;
  readonly exp_annotations: object;
}

/** What must be firing at one moment, counted in evaluations from the start. */
export interface Check {
  readonly tick: number;
  readonly firing: readonly ExpectedAlert[];
}

/** A moment at which the rule of one severity must be firing. */
export interface StillFiring {
  readonly tick: number;
  readonly severity: string;
  /** More labels that tell it from other rules of its name. */
  readonly labels?: Readonly<Record<string, string>>;
  /** That it must not be firing, which checks cannot say while others of its name do. */
  readonly not?: true;
}

/** A story about one alert. */
export interface RuleTest {
  readonly title: string;
  readonly series: readonly Series[];
  readonly checks: readonly Check[];
  /**
   * Moments at which it must be firing whatever its texts say by then: `keep_firing_for` leaves old texts in place. Of an alert with several
   * severities any will do, unless one is named.
   */
  readonly stillFiring?: readonly (number | StillFiring)[];
}

/** `alerts/tests/<alert>.yml`. Written for promtool 2.42, whose alerts must match in every label and annotation. */
export function promtoolFile(settings: MixinSettings, alert: AlertName, tests: readonly RuleTest[]): string {
  const interval = scaled(settings, settings.evaluationIntervalSeconds);
  return yamlFile(
    {
      rule_files: ['../llm.rules.yml'],
      evaluation_interval: interval,
      tests: tests.map((test) => ({
        name: `${alert} ${test.title}`,
        interval,
        input_series: test.series.map(({ name, labels, values }) => ({ series: name + labelText(labels), values })),
        alert_rule_test: test.checks.map(({ tick, firing }) => ({
          eval_time: evalTime(settings, tick),
          alertname: alert,
          exp_alerts: firing,
        })),
        ...(test.stillFiring && {
          promql_expr_test: test.stillFiring.map((moment) => ({
            expr: `count(ALERTS{alertname="${alert}",alertstate="firing"${severityMatcher(moment)}}) > bool 0`,
            eval_time: evalTime(settings, typeof moment === 'number' ? moment : moment.tick),
            exp_samples: typeof moment !== 'number' && moment.not ? [] : [{ labels: '{}', value: 1 }],
          })),
        }),
      })),
    },
    'Run: promtool test rules alerts/tests/*.yml',
  );
}

function severityMatcher(moment: number | StillFiring): string {
  if (typeof moment === 'number') return '';
  const labels = Object.entries({ severity: moment.severity, ...moment.labels });
  return labels.map(([label, value]) => `,${label}="${value}"`).join('');
}

function evalTime(settings: MixinSettings, tick: number): string {
  return scaled(settings, tick * settings.evaluationIntervalSeconds);
}

/** Series of the requests counter; the compiler asks for each label. */
export function requests(
  target: Readonly<Record<string, string>>,
  labels: Labels<'llm_requests_total'>,
  phases: readonly Phase[],
): Series {
  return { name: 'llm_requests_total', labels: { ...target, ...labels }, values: counterValues(phases) };
}

/** A counter born at 0, in promtool's notation, where `a+bxn` stands for n + 1 samples. */
function counterValues(phases: readonly Phase[]): string {
  const unborn = Math.max(
    0,
    phases.findIndex(({ perTick }) => perTick !== undefined),
  );
  const parts = [...phases.slice(0, unborn).map(({ ticks }) => `_x${ticks}`), '0'];
  let value = 0;
  for (const { ticks, perTick = 0 } of phases.slice(unborn)) {
    parts.push(`${value + perTick}+${perTick}x${ticks - 1}`);
    value += ticks * perTick;
  }
  return parts.join(' ');
}

/** A gauge that holds one value after another; undefined is a series that is not there. */
export function gaugeValues(phases: readonly (readonly [value: number | undefined, ticks: number])[]): string {
  return phases.map(([value, ticks]) => (value === undefined ? `_x${ticks}` : `${value}x${ticks - 1}`)).join(' ');
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(',')}}`;
}
