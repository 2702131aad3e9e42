import { comparisons } from '../alerts/self-check.ts';
import { promql } from '../promql.ts';
import type { RunbookPage } from '../runbook.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { percent } from '../share.ts';

/** Page of LLMSelfInconsistent. */
export function selfInconsistentPage(settings: MixinSettings): RunbookPage {
  const { tolerance, minTotal, windowSeconds, forSeconds } = settings.thresholds.LLMSelfInconsistent.warning;
  return {
    meaning: `Two counts of the same thing in one llm-exporter differ by above ${percent(tolerance)} over ${scaled(settings, windowSeconds)}. All counters of a scrape are of one moment, so this cannot happen by chance: the exporter has a fault, or something between it and Prometheus changes its numbers.`,
    hurt: 'You: do not trust the shares and alerts of this exporter until it is understood. Callers are not touched.',
    confirm: comparisons(settings).map(({ what, counted, truth, isEqual }) => ({
      why: `${what}: ${isEqual ? '1 is right' : 'up to 1 is right'}.`,
      query: promql`${counted} / (${truth} > 0)`,
    })),
    causes: [
      'A fault of the exporter: a request that was counted twice, or not at all.',
      'Two exporters under one `instance` label: their counters are mixed. Look at the Targets page of Prometheus.',
      'Relabelling (`metric_relabel_configs`) or a limit of samples that drops some of its series and keeps others.',
    ],
    steps: [
      'Find the comparison that is off, and since when: plot it over two days. A deploy of the exporter at the onset? Go back to the version before.',
      'See whether the target is scraped once, by one job, and whether `metric_relabel_configs` drops series of it.',
      'Take what a report needs: `curl -s http://127.0.0.1:9503/metrics` twice, a minute apart, the version, and the configuration without keys.',
      'Report it. Restarting does not help: the counters are restored as they were.',
    ],
    falseWhen: [
      'Series were dropped on purpose by relabelling: then turn this alert off.',
      'The exporter was restored from a copy of an old state folder.',
    ],
    silent: [
      `Under ${minTotal} of what is compared in ${scaled(settings, windowSeconds)}, and for less than ${scaled(settings, forSeconds)}.`,
      'A fault that counts both sides wrong in the same way.',
    ],
    tune: [
      `Too often, with few requests: raise \`thresholds.LLMSelfInconsistent.warning.min_total\` (now ${minTotal}); \`.tolerance\` is ${tolerance}.`,
    ],
  };
}
