import type { AlertRule } from '../../alert.ts';
import type { Condition, Extra } from '../../scenario/traffic.ts';
import type { ExporterAlert } from '../../settings/pipeline-thresholds.ts';
import type { MixinSettings } from '../../settings/settings.ts';
import { expectedAlert } from '../expected-alert.ts';
import { ABSENT, lifecycleTest, MARGIN, quietTest, trafficTest } from '../lifecycle.ts';
import type { ExpectedAlert, RuleTest } from '../promtool.ts';
import { keptLabels, targetLabels, ticksIn } from '../target.ts';
import { gaugeTests, growsOnFirst, onFirst, pipelineLife } from './pipeline-tests.ts';
import { selfCheckTests } from './self-check-tests.ts';

/** How far apart the evaluations are in the tests of LLMExporterVanished. */
export const SLOW_TESTS_SECONDS = 60;

/** Tests of the alerts about the exporter itself. */
export function exporterTests(
  settings: MixinSettings,
  rules: Readonly<Record<ExporterAlert, AlertRule>>,
): Readonly<Record<ExporterAlert, readonly RuleTest[]>> {
  return {
    LLMExporterVanished: vanishedTests(
      { ...settings, evaluationIntervalSeconds: SLOW_TESTS_SECONDS },
      rules.LLMExporterVanished,
    ),
    LLMConfigReloadFailed: reloadTests(settings, rules.LLMConfigReloadFailed),
    LLMExporterBackpressure: backpressureTests(settings, rules.LLMExporterBackpressure),
    LLMStateNotWritten: stateTests(settings, rules.LLMStateNotWritten),
    LLMSelfInconsistent: selfCheckTests(settings, rules.LLMSelfInconsistent),
    LLMRulesNotEvaluating: rulesTests(settings, rules.LLMRulesNotEvaluating),
    LLMWatchdog: watchdogTests(settings, rules.LLMWatchdog),
  };
}

const both = (condition: Condition) => ({ instances: { 0: condition, 1: condition } });

function ofJob(settings: MixinSettings, rule: AlertRule, value: number): ExpectedAlert {
  return expectedAlert(settings, rule, { labels: keptLabels(settings, targetLabels(settings)), value });
}

function vanishedTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { rememberSeconds } = settings.thresholds.LLMExporterVanished.critical;
  const memory = ticksIn(settings, rememberSeconds);
  const wait = ticksIn(settings, rule.forSeconds);
  const life = {
    rule,
    before: [{ ticks: 10 }],
    after: {},
    holdsAfter: 0,
    endsAfter: 0,
    firing: [ofJob(settings, rule, 1)],
  };
  return [
    lifecycleTest(settings, { ...life, title: 'fires when all are gone from service discovery', ill: both('gone') }),
    lifecycleTest(settings, { ...life, title: 'fires when all are down', ill: both('down') }),
    trafficTest(settings, {
      title: 'forgets a job that was removed',
      parts: [{ ticks: 10 }, { ticks: memory + 2 * MARGIN, ...both('gone') }],
      checks: [
        { tick: 10 + wait + MARGIN, firing: [ofJob(settings, rule, 1)] },
        { tick: 10 + memory - MARGIN, firing: [ofJob(settings, rule, 1)] },
        { tick: 10 + memory + MARGIN, firing: [] },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet while one of them answers, whatever its version',
      parts: [
        { ticks: 10, instances: { 1: 'gone' } },
        { ticks: 4 },
        { ticks: wait + 2 * MARGIN, instances: { 0: 'gone' } },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet through a deploy that replaces all at once',
      parts: [{ ticks: 10 }, { ticks: wait - 1, ...both('gone') }, { ticks: wait + MARGIN }],
    }),
    ABSENT,
  ];
}

function watchdogTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const ticks = ticksIn(settings, rule.forSeconds) + 2 * MARGIN;
  return [
    lifecycleTest(settings, {
      title: 'fires while exporters are scraped, and ends when none is',
      rule,
      before: [{ ticks: 5, ...both('gone') }],
      ill: {},
      after: both('gone'),
      holdsAfter: 0,
      endsAfter: 0,
      firing: [ofJob(settings, rule, 1)],
    }),
    quietTest(settings, { title: 'ends when all exporters are down', parts: [{ ticks, ...both('down') }] }),
    quietTest(settings, { title: 'ends when all exporters are gone', parts: [{ ticks, ...both('gone') }] }),
    ABSENT,
  ];
}

function reloadTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { holdSeconds } = settings.thresholds.LLMConfigReloadFailed.warning;
  const reloaded = (first: number) => onFirst('llm_exporter_config_last_reload_successful', undefined, first, 1);
  return [
    ...gaugeTests(
      settings,
      { title: 'fires after a refused reload', rule, well: reloaded(1), ill: reloaded(0), value: 0 },
      holdSeconds,
    ),
    quietTest(settings, {
      title: 'stays quiet when the mistake was mended in time',
      parts: [
        { ticks: 10, extras: reloaded(0) },
        { ticks: 40, extras: reloaded(1) },
      ],
    }),
    quietTest(settings, { title: 'stays quiet on good reloads', parts: [{ ticks: 40, extras: reloaded(1) }] }),
  ];
}

function backpressureTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { loopSeconds, scrapeSeconds, holdSeconds, windowSeconds } =
    settings.thresholds.LLMExporterBackpressure.warning;
  const window = ticksIn(settings, windowSeconds);
  const lag = (seconds: number) => onFirst('nodejs_eventloop_lag_p99_seconds', undefined, seconds, 0.01);
  const lost = (perSecond: number) => growsOnFirst('llm_exporter_source_lost_total', { source: 'syslog' }, perSecond);
  const scrapes = (seconds: number, perSecond: number): readonly Extra[] => [
    ...growsOnFirst('llm_exporter_scrape_duration_seconds_count', undefined, perSecond, perSecond),
    ...growsOnFirst('llm_exporter_scrape_duration_seconds_sum', undefined, seconds * perSecond, 0.01 * perSecond),
  ];
  const healthy = [...lag(0.9 * loopSeconds), ...scrapes(0.9 * scrapeSeconds, 1 / 30), ...lost(0)];
  return [
    ...gaugeTests(
      settings,
      {
        title: 'fires when the event loop waits',
        rule,
        well: lag(0.9 * loopSeconds),
        ill: lag(1.5 * loopSeconds),
        value: 1.5 * loopSeconds,
      },
      holdSeconds,
    ),
    pipelineLife(settings, {
      title: 'fires when datagrams are lost',
      rule,
      well: lost(0),
      ill: lost(0.2),
      value: 0.2 * windowSeconds,
      steadyAfter: window,
      endsAfter: window,
    }),
    pipelineLife(settings, {
      title: 'fires when scrapes are slow',
      rule,
      well: scrapes(1, 1 / 30),
      ill: scrapes(1.5 * scrapeSeconds, 0.5 / 30),
      after: scrapes(0.01, 1),
      value: 1.5 * scrapeSeconds,
      beforeTicks: 4 * window + MARGIN,
      // Slow scrapes count from the moment at which their share of the time is above the limit.
      holdsAfter: slowFrom(window, scrapeSeconds),
      steadyAfter: window,
      endsAfter: MARGIN,
    }),
    quietTest(settings, {
      title: 'stays quiet on an event loop and scrapes just below their limits',
      parts: [{ ticks: 60, extras: healthy }],
    }),
    quietTest(settings, {
      title: 'stays quiet on the event loop of another program',
      parts: [
        {
          ticks: 60,
          extras: [
            { name: 'nodejs_eventloop_lag_p99_seconds', labels: { instance: '10.0.0.9:3000' }, value: 5 * loopSeconds },
          ],
        },
      ],
    }),
  ];
}

/** Evaluations until the mean of half as many scrapes that are 1.5 times too slow, among others of a second, is too slow. */
function slowFrom(window: number, limit: number): number {
  for (let ticks = 1; ticks < window; ticks += 1) {
    if ((ticks * 0.75 * limit + (window - ticks)) / (0.5 * ticks + (window - ticks)) > limit) return ticks;
  }
  return window;
}

function stateTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { windowSeconds } = settings.thresholds.LLMStateNotWritten.warning;
  const window = ticksIn(settings, windowSeconds);
  const writes = (good: number, bad: number) => [
    ...growsOnFirst('llm_exporter_state_writes_total', { result: 'success' }, good, 0.1),
    ...growsOnFirst('llm_exporter_state_writes_total', { result: 'error' }, bad),
  ];
  return [
    pipelineLife(settings, {
      title: 'fires while writes fail',
      rule,
      well: writes(0.1, 0),
      ill: writes(0, 0.1),
      value: 0.1 * windowSeconds,
      steadyAfter: window,
      endsAfter: window,
    }),
    quietTest(settings, {
      title: 'stays quiet when a single write fails',
      parts: [
        { ticks: 20, extras: writes(0.1, 0) },
        { ticks: 1, extras: writes(0, 0.1) },
        { ticks: 40, extras: writes(0.1, 0) },
      ],
    }),
    quietTest(settings, {
      title: 'stays quiet while writes succeed',
      parts: [{ ticks: 40, extras: writes(0.1, 0) }],
    }),
    ABSENT,
  ];
}

function rulesTests(settings: MixinSettings, rule: AlertRule): readonly RuleTest[] {
  const { quietSeconds } = settings.thresholds.LLMRulesNotEvaluating.warning;
  const quiet = ticksIn(settings, quietSeconds);
  const [ours, others] = ['/etc/prometheus/llm.rules.yml;llm-availability', '/etc/prometheus/node.yml;node'].map(
    (group) => ({ rule_group: group }),
  );
  const labels = ours ?? {};
  // The seconds of time() are those of `timeScale`.
  const last = (perSecond: number, of = labels) =>
    growsOnFirst(
      'prometheus_rule_group_last_evaluation_timestamp_seconds',
      of,
      perSecond / settings.timeScale,
      1 / settings.timeScale,
    );
  const failures = (perSecond: number, of = labels) =>
    growsOnFirst('prometheus_rule_evaluation_failures_total', of, perSecond);
  const before = 20;
  const wait = ticksIn(settings, rule.forSeconds);
  const fires = before + quiet + wait + MARGIN;
  return [
    trafficTest(settings, {
      title: 'fires when a group is not evaluated, and resolves when it is again',
      parts: [
        { ticks: before, extras: last(1) },
        { ticks: fires + 1 - before, extras: last(0) },
        { ticks: 1, extras: last(fires + 1) },
        { ticks: ticksIn(settings, rule.keepFiringSeconds ?? 0) + 2 * MARGIN, extras: last(1) },
      ],
      checks: [
        { tick: before + quiet + Math.floor(wait / 2), firing: [] },
        {
          tick: fires,
          firing: [
            expectedAlert(settings, rule, { labels: { ...withInstance(settings), ...labels }, value: quietSeconds }),
          ],
        },
        { tick: fires + 2 + ticksIn(settings, rule.keepFiringSeconds ?? 0) + MARGIN, firing: [] },
      ],
      stillFiring: [fires + ticksIn(settings, rule.keepFiringSeconds ?? 0) - 1],
    }),
    pipelineLife(settings, {
      title: 'fires while rules of a group fail',
      rule,
      well: [...last(1), ...failures(0)],
      ill: [...last(1), ...failures(0.1)],
      labels,
      value: 1,
      steadyAfter: quiet,
      endsAfter: quiet,
    }),
    quietTest(settings, {
      title: 'stays quiet on groups of others',
      parts: [{ ticks: 60, extras: [...last(0, others), ...failures(0.1, others)] }],
    }),
    quietTest(settings, {
      title: 'stays quiet while a group is evaluated late, but is',
      parts: [
        { ticks: before, extras: last(1) },
        // From then on it is late by as much as that, again and again.
        { ticks: quiet - MARGIN + 1, extras: last(0) },
        { ticks: 2 * wait, extras: last(1) },
      ],
    }),
    ABSENT,
  ];
}

function withInstance(settings: MixinSettings): Readonly<Record<string, string>> {
  return { ...targetLabels(settings), instance: '10.0.0.1:9503', pod: 'gateway-0', node: 'node-0' };
}
