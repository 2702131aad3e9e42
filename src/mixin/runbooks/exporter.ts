import type { PackContext } from '../alert.ts';
import { increase, promql, type Query, rate, selectors, sumBy } from '../promql.ts';
import type { RunbookPage } from '../runbook.ts';
import type { ExporterAlert } from '../settings/pipeline-thresholds.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { selfInconsistentPage } from './self-check.ts';

export function exporterPages({ settings }: PackContext): Readonly<Record<ExporterAlert, RunbookPage>> {
  return {
    LLMExporterVanished: vanishedPage(settings),
    LLMConfigReloadFailed: reloadPage(settings),
    LLMExporterBackpressure: backpressurePage(settings),
    LLMStateNotWritten: statePage(settings),
    LLMSelfInconsistent: selfInconsistentPage(settings),
    LLMRulesNotEvaluating: rulesPage(settings),
    LLMWatchdog: watchdogPage(settings),
  };
}

function vanishedPage(settings: MixinSettings): RunbookPage {
  const { rememberSeconds, forSeconds } = settings.thresholds.LLMExporterVanished.critical;
  const series = selectors(settings.selector);
  return {
    meaning: `Not one llm-exporter of a job has answered Prometheus for ${scaled(settings, forSeconds)}, though one did within the last ${scaled(settings, rememberSeconds)}. Either all are down, or service discovery has lost them.`,
    hurt: 'You: no LLM error of that job is seen now, and no alert on one can fire. Callers too, where the exporters are the proxy in their path.',
    confirm: [
      { why: 'Exporters that answer, by job:', query: series.gauge('llm_exporter_build_info') },
      {
        why: 'Targets that do not answer; no line for the job: service discovery has lost it:',
        query: promql`${series.up()} == 0`,
      },
    ],
    causes: [
      'The scrape configuration was changed: another job name, a selector or relabelling that no longer matches.',
      'The PodMonitor or ServiceMonitor was removed, or its labels no longer match what Prometheus selects.',
      'All processes ended: a deploy with a configuration that is refused, or a node pool that is gone.',
      'A network policy between Prometheus and the exporters.',
    ],
    steps: [
      'Second query has lines: the processes are down or not reachable. Go on as for LLMExporterTargetDown: `curl -s http://127.0.0.1:9503/-/healthy` on one machine, then its log.',
      'No lines: open Service Discovery in Prometheus, look for the job, and see which targets were dropped and by which labels. Roll the last change of the scrape configuration back.',
      'On Kubernetes: `kubectl get pods,podmonitors --all-namespaces` and look for the exporters and their monitor.',
      'If callers go through the proxy: call it as they do. When it is down, point them at the provider until it is back.',
      'Know the gap: with a state folder, counters go on where they were, and log lines written meanwhile are read after the start.',
    ],
    falseWhen: [
      'The job was removed or renamed on purpose: silence this alert for the old job; it forgets by itself.',
      'Scaled to zero on purpose: silence it for that time.',
    ],
    silent: [
      `After ${scaled(settings, rememberSeconds)}: by then Prometheus has forgotten the job.`,
      'When Prometheus itself is down: only a watchdog outside of it tells (one of the optional alerts).',
      'While one of several exporters of the job answers: see LLMExporterTargetDown.',
    ],
    tune: [
      `Forgotten too soon: raise \`thresholds.LLMExporterVanished.critical.remember\` (now ${scaled(settings, rememberSeconds)}).`,
      `A deploy that replaces all at once takes longer than \`.for\` (now ${scaled(settings, forSeconds)}): raise it.`,
    ],
  };
}

function reloadPage(settings: MixinSettings): RunbookPage {
  const { forSeconds } = settings.thresholds.LLMConfigReloadFailed.warning;
  const series = selectors(settings.selector);
  return {
    meaning:
      'An llm-exporter was told to read its configuration anew (SIGHUP or `POST /-/reload`), found mistakes in it, and runs on with the one before.',
    hurt: 'Nobody yet. What you meant to change is not changed, and the next start of that process fails.',
    confirm: [
      {
        why: 'Exporters that refused:',
        query: promql`${series.gauge('llm_exporter_config_last_reload_successful')} == 0`,
      },
      {
        why: 'Seconds since each last took a configuration:',
        query: promql`time() - ${series.gauge('llm_exporter_config_last_reload_success_timestamp_seconds')}`,
      },
    ],
    causes: [
      'A mistake in the file: an unknown key, a value out of bounds, broken YAML.',
      'A file that it names is not there or not readable: keys, certificates, rules.',
      'Something that needs a restart was changed.',
    ],
    steps: [
      'On its machine: `llm-exporter check-config FILE`. It lists every problem at once, with line and column. The log of the process has the same list.',
      'Mend it, or put the old file back, and reload: `kill -HUP` the process.',
      'First query empty again: done. The alert resolves with the next evaluation.',
    ],
    falseWhen: ['Somebody is editing right now: wait, but do not restart the process meanwhile.'],
    silent: [
      `A mistake that is mended within ${scaled(settings, forSeconds)}.`,
      'A process that was started with the bad file: it does not run, see LLMExporterTargetDown.',
    ],
    tune: [
      `Too early for how you deploy: raise \`thresholds.LLMConfigReloadFailed.warning.for\` (now ${scaled(settings, forSeconds)}).`,
    ],
  };
}

function backpressurePage(settings: MixinSettings): RunbookPage {
  const level = settings.thresholds.LLMExporterBackpressure.warning;
  const series = selectors(settings.selector);
  const window = scaled(settings, level.windowSeconds);
  const mean = (sum: Query<string>, count: Query<string>) => promql`${sum} / (${count} > 0)`;
  return {
    meaning: `An llm-exporter has more to do than it can: its event loop is late by above ${level.loopSeconds} s, or its scrapes take above ${level.scrapeSeconds} s, or the kernel drops datagrams that it does not read in time.`,
    hurt: 'You: counts come late, or are lost (datagrams only). Callers, if it is the proxy: each of their requests waits for the event loop.',
    confirm: [
      { why: 'How late the event loop is (p99, seconds):', query: series.foreign('nodejs_eventloop_lag_p99_seconds') },
      {
        why: 'How long scrapes take on average (seconds):',
        query: mean(
          rate(series.sums('llm_exporter_scrape_duration_seconds'), window),
          rate(series.samples('llm_exporter_scrape_duration_seconds'), window),
        ),
      },
      {
        why: 'Datagrams lost:',
        query: promql`${increase(series.counter('llm_exporter_source_lost_total'), window)} > 0`,
      },
      {
        why: 'What it has to do: lines per second, by source:',
        query: rate(series.counter('llm_exporter_source_lines_total'), window),
      },
      { why: 'Series it shows, by family:', query: promql`sort_desc(${series.gauge('llm_exporter_series')})` },
    ],
    causes: [
      'Too little CPU: a limit of a container, or a busy neighbour.',
      'It reads a long log after a start, and passes traffic at the same time.',
      'Very many series: model names that clients make up.',
      'A burst of syslog over UDP: there is no way to slow its sender down.',
      'The disk of the state folder hangs, and scrapes wait for it: see LLMStateNotWritten.',
    ],
    steps: [
      'See which of the first three queries is high.',
      'Event loop: give the process a whole core (in Kubernetes raise or remove the CPU limit), or move its logs to a second exporter.',
      'Scrapes: look at the last query. A family near its limit: see LLMSeriesLimitReached. None: look at LLMStateNotWritten and at the disk.',
      'Datagrams: send syslog over TCP, or write a file that the exporter follows; raise `net.core.rmem_max` until then. What was lost is not counted, and never will be.',
      'After a start: `llm_exporter_source_lag_bytes` falls? Then wait.',
    ],
    falseWhen: [
      'A process that was suspended (a virtual machine that moved) shows one long lag: over with the next scrape.',
    ],
    silent: [
      `Short moments: it must last for ${scaled(settings, level.forSeconds)}.`,
      'When it is so busy that scrapes time out: see LLMExporterTargetDown.',
    ],
    tune: [
      `Too often: raise \`thresholds.LLMExporterBackpressure.warning.loop\` (now ${level.loopSeconds}s) or \`.scrape\` (${level.scrapeSeconds}s).`,
    ],
  };
}

function statePage(settings: MixinSettings): RunbookPage {
  const { windowSeconds, forSeconds } = settings.thresholds.LLMStateNotWritten.warning;
  const series = selectors(settings.selector);
  const writes = increase(series.counter('llm_exporter_state_writes_total'), scaled(settings, windowSeconds));
  return {
    meaning:
      'An llm-exporter cannot write its counters and read positions to its state folder (`--state.dir`). It goes on serving and counting in memory.',
    hurt: 'Nobody, until the process ends: then all that was counted since the last good write is gone, lines that were read are read again, and counters seem to fall.',
    confirm: [
      { why: 'Writes, by whether they reached the disk:', query: sumBy(writes, ['instance', 'result']) },
      {
        why: 'Seconds since the last good one:',
        query: promql`time() - ${series.gauge('llm_exporter_state_last_write_timestamp_seconds')}`,
      },
    ],
    causes: [
      'The disk is full (`ENOSPC`), often by the very logs that are read.',
      'The folder is read-only or belongs to another user (`EROFS`, `EACCES`): a volume that was mounted otherwise.',
      'The disk hangs: a network file system whose server is gone.',
    ],
    steps: [
      'Read the error in the log of the exporter or on its status page: it names the folder and the code.',
      '`ENOSPC`: `df -h` and `df -i` on the folder, and free space. The state itself is small.',
      '`EACCES` or `EROFS`: `ls -ld` the folder, and give it to the user of the exporter; look at the mount.',
      'A hang: `stat` the folder from a shell. If that hangs as well, it is the server of the volume.',
      'Do not restart the exporter before writes succeed (first query): a good stop writes the state, too, and cannot.',
    ],
    falseWhen: ['A disk that was full for a moment: it resolves by itself, and nothing was lost.'],
    silent: [
      'Without a state folder: nothing is written on purpose.',
      `Single failures: it must last for ${scaled(settings, forSeconds)}.`,
    ],
    tune: [`Too early: raise \`thresholds.LLMStateNotWritten.warning.for\` (now ${scaled(settings, forSeconds)}).`],
  };
}

function rulesPage(settings: MixinSettings): RunbookPage {
  const { quietSeconds, forSeconds } = settings.thresholds.LLMRulesNotEvaluating.warning;
  const ours = { rule_group: { pattern: '.+;llm-.+' } } as const;
  const series = selectors(settings.selector);
  return {
    meaning: `Prometheus has not evaluated a rule group of this pack for ${scaled(settings, quietSeconds)}, or rules in it fail. Optional: it is there for those who name it in \`optional_alerts\`, and needs a Prometheus that scrapes itself.`,
    hurt: 'You: the alerts of that group are silent, whatever happens.',
    confirm: [
      {
        why: 'Seconds since the last evaluation of each group:',
        query: promql`time() - ${series.foreign('prometheus_rule_group_last_evaluation_timestamp_seconds', ours)}`,
      },
      {
        why: 'Rules that fail:',
        query: promql`${increase(series.foreign('prometheus_rule_evaluation_failures_total', ours), scaled(settings, quietSeconds))} > 0`,
      },
    ],
    causes: [
      'Prometheus is short of memory or CPU, so that groups take longer than their interval.',
      'A query of a rule meets two series where it expects one: the same exporter is scraped under two jobs, or the rules are loaded twice.',
      'The storage of Prometheus cannot be read.',
    ],
    steps: [
      'Open the Rules page of Prometheus: the error stands beside the rule.',
      '`many-to-many matching` or `duplicate series`: look for exporters that are scraped twice (same process, two jobs), and for a second copy of the rule file; remove one.',
      '`query timed out` or groups that take longer than their interval: give Prometheus more CPU, or raise the interval.',
      'After a mistake in a rule file: `promtool check rules llm.rules.yml`, then reload Prometheus.',
    ],
    falseWhen: ['Right after Prometheus has started: over with the first evaluation.'],
    silent: [
      'When Prometheus does not scrape itself, or the group of this very alert is the one that stands still: only a watchdog outside tells.',
      `For ${scaled(settings, forSeconds)}.`,
      'In rulers that have other metrics of their own (Mimir, vmalert).',
    ],
    tune: [
      `Too early: raise \`thresholds.LLMRulesNotEvaluating.warning.quiet\` (now ${scaled(settings, quietSeconds)}); it must be above the interval of the slowest group.`,
    ],
  };
}

function watchdogPage(settings: MixinSettings): RunbookPage {
  return {
    meaning:
      'Nothing is wrong: this alert always fires while an exporter is scraped, rules are evaluated and notifications arrive. Optional: it is there for those who name it in `optional_alerts`. Something outside must page when it stops.',
    hurt: 'Nobody while it fires. When it stops, nobody hears of any other alert.',
    confirm: [
      { why: 'Exporters that keep it firing:', query: selectors(settings.selector).gauge('llm_exporter_build_info') },
    ],
    causes: [
      'It fires because all is well.',
      'It stopped: the exporters, Prometheus, Alertmanager, or the way from there to you.',
    ],
    steps: [
      'It fires: nothing to do. If it reached a person, its route is wrong: severity `none` belongs to the dead-man switch only.',
      'It stopped. Is Prometheus up, and are its Rules and Targets pages green? If not, begin there.',
      'Prometheus is well: open its Alerts page. LLMWatchdog firing there: see Alertmanager, `amtool alert query alertname=LLMWatchdog`, and its log for failed notifications.',
      'LLMWatchdog not firing there: no exporter is scraped; see LLMExporterVanished.',
    ],
    falseWhen: ['Never while it fires. The receiver may page falsely when its own network is down.'],
    silent: ['It says nothing about single exporters or rules: one of each is enough to keep it firing.'],
    tune: [
      'Route it by `severity="none"` to a receiver that pages on silence, with a `repeat_interval` below the patience of that receiver.',
    ],
  };
}
