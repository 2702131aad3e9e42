import type { AlertEntry, AlertRule, PackContext } from '../alert.ts';
import { lastOverTime, promql, selectors, TARGET_LABELS } from '../promql.ts';
import { targetDownTests } from '../rule-tests/target-tests.ts';
import { targetDownPage } from '../runbooks/target.ts';
import { scaled } from '../settings/settings.ts';

/** An exporter that Prometheus knows and cannot scrape. */
export function targetAlerts(context: PackContext): readonly AlertEntry[] {
  const rule = targetDown(context);
  return [
    {
      name: rule.alert,
      rules: [rule],
      runbook: targetDownPage(context),
      tests: targetDownTests(context.settings, rule),
    },
  ];
}

function targetDown({ settings }: PackContext): AlertRule {
  const { forSeconds, rememberSeconds } = settings.thresholds.LLMExporterTargetDown.warning;
  const series = selectors(settings.selector);
  const memory = scaled(settings, rememberSeconds);
  const once = series.gauge('llm_exporter_build_info');
  return {
    alert: 'LLMExporterTargetDown',
    severity: 'warning',
    component: 'llm-exporter',
    signal: 'pipeline',
    // The join finds our targets under any job name, and none that never was an exporter of ours.
    expr: promql`${series.up()} == 0\nand on (${TARGET_LABELS.join(', ')})\n${lastOverTime(once, memory)}`,
    forSeconds,
    texts: (facts) => ({
      summary: 'An llm-exporter cannot be scraped.',
      description:
        `Prometheus has had no answer from ${facts.label('instance')} of job ${facts.label('job')} for ` +
        `${scaled(settings, forSeconds)}: LLM errors behind it are not seen.`,
      advice: 'See whether the process runs and its address is reachable from Prometheus.',
      dashboard: { uid: 'llm-overview', variables: ['job', 'instance'] },
    }),
    why: `Any target that was an llm-exporter within the last ${memory}; a rolling deploy is over before \`for\` is.`,
  };
}
