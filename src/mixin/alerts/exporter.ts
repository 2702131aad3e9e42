import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import {
  groupWithout,
  increase,
  lastOverTime,
  promql,
  type Query,
  rate,
  selectors,
  sumWithout,
  TARGET_LABELS,
} from '../promql.ts';
import { exporterTests, SLOW_TESTS_SECONDS } from '../rule-tests/pipeline/exporter-tests.ts';
import { exporterPages } from '../runbooks/exporter.ts';
import { EXPORTER_ALERTS } from '../settings/pipeline-thresholds.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { selfInconsistent } from './self-check.ts';

const EXPORTER = { component: 'llm-exporter', signal: 'pipeline' } as const;
const OF_INSTANCE = { uid: 'llm-overview', variables: ['job', 'instance'] } as const;
const OF_JOB = { uid: 'llm-overview', variables: ['job'] } as const;
const BUILD = ['version', 'revision', 'node_version'] as const;

/** The exporter about itself: each alert keeps job and instance, since one process is at fault, but for those on all of a job. */
export function exporterAlerts(context: PackContext): readonly AlertEntry[] {
  const { settings } = context;
  const pages = exporterPages(context);
  const rules = {
    LLMExporterVanished: vanished(settings),
    LLMConfigReloadFailed: reloadFailed(settings),
    LLMExporterBackpressure: backpressure(settings),
    LLMStateNotWritten: stateNotWritten(settings),
    LLMSelfInconsistent: { ...selfInconsistent(settings), ...EXPORTER },
    LLMRulesNotEvaluating: rulesNotEvaluating(settings),
    LLMWatchdog: watchdog(settings),
  };
  const tests = exporterTests(settings, rules);
  return EXPORTER_ALERTS.map((name) => ({
    name,
    rules: [rules[name]],
    runbook: pages[name],
    tests: tests[name],
    // Hours pass until it has forgotten.
    ...(name === 'LLMExporterVanished' && { testIntervalSeconds: SLOW_TESTS_SECONDS }),
  }));
}

function vanished(settings: MixinSettings): AlertRule {
  const { rememberSeconds, forSeconds } = settings.thresholds.LLMExporterVanished.critical;
  const build = selectors(settings.selector).gauge('llm_exporter_build_info');
  const memory = scaled(settings, rememberSeconds);
  const all = (of: Query<(typeof BUILD)[number]>) => groupWithout(of, settings.dropLabels, BUILD);
  return {
    ...EXPORTER,
    alert: 'LLMExporterVanished',
    severity: 'critical',
    expr: promql`${all(lastOverTime(build, memory))} > 0\nunless ${all(build)}`,
    forSeconds,
    texts: (facts) => ({
      summary: 'Not one llm-exporter of a job is scraped any more.',
      description: `Prometheus has had no answer from any llm-exporter of job ${facts.label('job')} for ${scaled(settings, forSeconds)}: LLM errors behind it are not seen at all.`,
      advice:
        'See whether the processes run and whether service discovery still finds them. If they are the proxy, callers fail, too.',
      dashboard: OF_JOB,
    }),
    why: `Whatever was an llm-exporter within ${memory}, and none now. A rolling replacement leaves one that answers.`,
  };
}

function reloadFailed(settings: MixinSettings): AlertRule {
  const { holdSeconds, forSeconds } = settings.thresholds.LLMConfigReloadFailed.warning;
  const successful = selectors(settings.selector).gauge('llm_exporter_config_last_reload_successful');
  return {
    ...EXPORTER,
    alert: 'LLMConfigReloadFailed',
    severity: 'warning',
    expr: promql`${lastOverTime(successful, scaled(settings, holdSeconds))} == 0`,
    forSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter has refused its new configuration.',
      description: `${facts.label('instance')} of job ${facts.label('job')} refused its configuration at the last reload and runs on with the one before. The next start would fail.`,
      advice: 'Run `llm-exporter check-config FILE`: it lists every problem with its line. Its log says the same.',
      dashboard: OF_INSTANCE,
    }),
    why: 'Until a reload succeeds.',
  };
}

/** The event loop of any program in Node.js is asked for; only that of exporters is ours. */
function backpressure(settings: MixinSettings): AlertRule {
  const level = settings.thresholds.LLMExporterBackpressure.warning;
  const series = selectors(settings.selector);
  const [hold, window] = [scaled(settings, level.holdSeconds), scaled(settings, level.windowSeconds)];
  const loop = lastOverTime(series.foreign('nodejs_eventloop_lag_p99_seconds'), hold);
  const ours = lastOverTime(series.gauge('llm_exporter_build_info'), hold);
  const lost = sumWithout(increase(series.counter('llm_exporter_source_lost_total'), window), [], ['source']);
  const spent = rate(series.sums('llm_exporter_scrape_duration_seconds'), window);
  const scrapes = rate(series.samples('llm_exporter_scrape_duration_seconds'), window);
  return {
    ...EXPORTER,
    alert: 'LLMExporterBackpressure',
    severity: 'warning',
    expr: promql`(\n  ${loop} > ${level.loopSeconds}\n  and on (${TARGET_LABELS.join(', ')})\n  ${ours}\n)\nor ${lost} > 0\nor ${spent} / (${scrapes} > 0) > ${level.scrapeSeconds}`,
    forSeconds: level.forSeconds,
    keepFiringSeconds: level.keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter cannot keep up: its counts come late or are lost.',
      description: `${facts.label('instance')} of job ${facts.label('job')} has had more to do than it can for ${scaled(settings, level.forSeconds)}: its event loop waits, its scrapes are slow, or datagrams to it are dropped.`,
      advice:
        'Give it more CPU, or share its sources and traffic among more exporters; the runbook tells which of the three it is.',
      dashboard: OF_INSTANCE,
    }),
    why: `Event loop late by above ${level.loopSeconds} s (p99), scrapes above ${level.scrapeSeconds} s on average, or any datagram lost in ${window}.`,
  };
}

function stateNotWritten(settings: MixinSettings): AlertRule {
  const { windowSeconds, forSeconds, keepFiringSeconds } = settings.thresholds.LLMStateNotWritten.warning;
  const window = scaled(settings, windowSeconds);
  const errors = selectors(settings.selector).counter('llm_exporter_state_writes_total', { result: 'error' });
  return {
    ...EXPORTER,
    alert: 'LLMStateNotWritten',
    severity: 'warning',
    expr: promql`${sumWithout(increase(errors, window), [], ['result'])} > 0`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter cannot write its counters and read positions to disk.',
      description: `${facts.value('number')} writes of ${facts.label('instance')} of job ${facts.label('job')} to its state folder failed in the last ${window}. It serves on, but a crash now would lose what it has counted since.`,
      advice:
        'Free the disk of the state folder, or make it writable; the log of the exporter names the folder and the error. Do not restart it before that.',
      dashboard: OF_INSTANCE,
    }),
    why: `Any failed write in ${window}: a full disk, a read-only one, or one that hangs.`,
  };
}

const OUR_GROUPS = { rule_group: { pattern: '.+;llm-.+' } } as const;

function rulesNotEvaluating(settings: MixinSettings): AlertRule {
  const { quietSeconds, forSeconds, keepFiringSeconds } = settings.thresholds.LLMRulesNotEvaluating.warning;
  const series = selectors(settings.selector);
  const quiet = scaled(settings, quietSeconds);
  const last = series.foreign('prometheus_rule_group_last_evaluation_timestamp_seconds', OUR_GROUPS);
  const failures = increase(series.foreign('prometheus_rule_evaluation_failures_total', OUR_GROUPS), quiet);
  return {
    ...EXPORTER,
    alert: 'LLMRulesNotEvaluating',
    severity: 'warning',
    expr: promql`time() - ${last} > ${quietSeconds / settings.timeScale}\nor ${failures} > 0`,
    forSeconds,
    keepFiringSeconds,
    texts: (facts) => ({
      summary: 'Prometheus does not evaluate alert rules of the LLM pack, or they fail.',
      description: `Group ${facts.label('rule_group')} on ${facts.label('instance')} has not been evaluated for ${quiet}, or rules in it fail: its alerts say nothing.`,
      advice: 'Open the Rules page of Prometheus: it shows the error of each rule and how long each group takes.',
      dashboard: OF_INSTANCE,
    }),
    why: 'Of groups that begin with llm-, in a Prometheus that scrapes itself. A group cannot tell of itself: this one watches the others.',
  };
}

function watchdog(settings: MixinSettings): AlertRule {
  const build = selectors(settings.selector).gauge('llm_exporter_build_info');
  return {
    ...EXPORTER,
    alert: 'LLMWatchdog',
    severity: 'none',
    expr: promql`${groupWithout(build, settings.dropLabels, BUILD)} > 0`,
    forSeconds: settings.thresholds.LLMWatchdog.none.forSeconds,
    texts: (facts) => ({
      summary: 'Always firing: the chain from llm-exporter to you is alive.',
      description: `At least one llm-exporter of job ${facts.label('job')} is scraped, rules are evaluated, and notifications arrive. Nothing is wrong while this fires.`,
      advice: 'Nothing to do. Have the receiver page you when it stops: that is what it is for.',
      dashboard: OF_JOB,
    }),
    why: 'Fires while all is well; a dead-man switch outside tells when it no longer arrives.',
  };
}
