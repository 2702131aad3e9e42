import type { PackContext } from '../alert.ts';
import { promql, selectors } from '../promql.ts';
import type { RunbookPage } from '../runbook.ts';
import { scaled } from '../settings/settings.ts';

/** Page of LLMExporterTargetDown. */
export function targetDownPage({ settings }: PackContext): RunbookPage {
  const series = selectors(settings.selector);
  const { forSeconds, rememberSeconds } = settings.thresholds.LLMExporterTargetDown.warning;
  return {
    meaning: `Prometheus could not scrape an llm-exporter for ${scaled(settings, forSeconds)}, though it did within the last ${scaled(settings, rememberSeconds)}.`,
    hurt: 'You: errors of the traffic behind it are not counted now. Callers too, if it is the proxy in their path.',
    confirm: [
      { why: 'Exporters that do not answer:', query: promql`${series.up()} == 0` },
      { why: 'Those that do, with their versions:', query: series.gauge('llm_exporter_build_info') },
    ],
    causes: [
      'The process has ended or restarts in a loop: its last log lines say why.',
      'Its address changed, or a firewall or network policy stands between it and Prometheus.',
      'It was told to listen on loopback only, and Prometheus runs elsewhere: the default of `--web.listen-address` is `:9503`, all interfaces.',
      'The scrape configuration says `scheme: https` or another port: the exporter speaks plain HTTP and has no TLS or basic auth yet.',
      'A scrape takes longer than the scrape timeout: see the error on the Targets page of Prometheus.',
    ],
    steps: [
      'Open the Targets page of Prometheus and read the error of this target.',
      'On its machine: `curl -s http://127.0.0.1:9503/-/healthy`. No answer: read its log, start it again.',
      'An answer: run the same from the machine of Prometheus; what fails there is the network.',
      'Know the gap: with a state folder, counters go on where they were and log lines written meanwhile are read after the start. What a proxy did not pass was not counted; what it did is in no log but yours.',
    ],
    falseWhen: [
      'It was removed on purpose, and Prometheus still has the target: remove it there.',
      'A machine is under maintenance: silence its instance.',
    ],
    silent: [
      `It ends by itself after ${scaled(settings, rememberSeconds)} though the target is still down: by then Prometheus has forgotten that it ever was an llm-exporter. Until then: bring it back, or remove the target.`,
      'A target that never answered, or that service discovery no longer lists (a deleted pod), has no `up` of its own to alert on.',
    ],
    tune: [
      `Deploys that take longer: raise \`thresholds.LLMExporterTargetDown.warning.for\` (now ${scaled(settings, forSeconds)}).`,
      `Remembered for too short a time: raise \`thresholds.LLMExporterTargetDown.warning.remember\` (now ${scaled(settings, rememberSeconds)}), below Prometheus' retention.`,
      'Only some exporters matter: set `selector`, for example `job="llm-exporter"`.',
    ],
  };
}
