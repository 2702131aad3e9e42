import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import { lastOverTime, minBy, promql, sumBy } from '../promql.ts';
import { type MixinSettings, scaled } from '../settings/settings.ts';
import { percent } from '../share.ts';
import type { Row } from './frame.ts';
import { alertLines, IDLE, MODEL_LINK, runbookLinks } from './links.ts';
import { byLabels, named, type Panels } from './panels.ts';
import { ofModel, scope } from './scope.ts';

/** The answer in five seconds. */
export function nowRow(settings: MixinSettings, panels: Panels): Row {
  return {
    title: 'Now',
    panels: [
      availability(settings, panels),
      burn(settings, panels),
      firing(panels),
      ratios(settings, panels),
      exporters(settings, panels),
    ],
  };
}

const NO_REQUESTS = 'No requests in this window';
const failed = sumBy(scope.recorded('provider_model:llm_requests_failed:increase1h', ofModel), []);
const all = sumBy(scope.recorded('provider_model:llm_requests:increase1h', ofModel), []);

function availability(settings: MixinSettings, panels: Panels) {
  const { slo } = settings;
  return panels.stat({
    title: `Availability, last ${scaled(settings, slo.windowSeconds)}`,
    description: `Share of answers that did not fail through the provider or the platform; the objective is ${percent(slo.objective)}. Faults of the caller (400, 401, own limits) do not count. Below it: look at what fires and at the errors by cause.`,
    unit: 'percentunit',
    decimals: 2,
    max: 1,
    width: 4,
    targets: [named(promql`1 - ${failed} / (${all} > 0)`, 'availability')],
    noValue: NO_REQUESTS,
    base: 'red',
    steps: [{ from: slo.objective, color: 'green' }],
  });
}

function burn({ slo }: MixinSettings, panels: Panels) {
  return panels.stat({
    title: 'Error budget burn',
    description: `How fast the error budget is spent: 1 uses it up exactly by the end of its period. Above 1 for long, the objective of ${percent(slo.objective)} will be missed.`,
    unit: 'none',
    decimals: 1,
    width: 4,
    targets: [named(promql`${failed} / (${all} > 0) / (1 - ${slo.objective})`, 'burn')],
    noValue: NO_REQUESTS,
    steps: [{ from: 1, color: 'red' }],
  });
}

function firing(panels: Panels) {
  const alerts = sumBy(scope.alerts('firing'), ['alertname', 'severity', 'provider', 'model', 'code']);
  return panels.table({
    title: 'Alerts firing',
    description: 'What fires now. Its notification links the runbook; click a model for its causes.',
    unit: 'none',
    width: 8,
    targets: [named(alerts, 'alerts')],
    columns: ['severity', 'alertname', 'provider', 'model', 'code'],
    valueName: 'alerts',
    modelLink: MODEL_LINK,
    noValue: 'Nothing fires',
  });
}

function ratios(settings: MixinSettings, panels: Panels) {
  const ratio = scope.recorded('provider_model_code:llm_requests_per_requests:ratio_increase5m', ofModel);
  return panels.graph({
    title: 'Share of alerted codes by model',
    description:
      'Answers with 503, 504 or 524 as a share of what the API answers for a model; refusals of your own throttle are not among them. The dashed lines are where alerts begin; critical ones look at a shorter window. Above one: open the model.',
    unit: 'percentunit',
    width: 8,
    targets: [byLabels(ratio, ['code', 'provider', 'model'])],
    noValue: IDLE,
    steps: alertLines(settings),
    links: runbookLinks(settings, ['LLMApi503Spike', 'LLMApi503SpikeSevere', 'LLMApi504Spike']),
  });
}

function exporters(settings: MixinSettings, panels: Panels) {
  const known = lastOverTime(
    scope.gauge('llm_exporter_build_info'),
    scaled(settings, settings.thresholds.LLMExporterTargetDown.warning.rememberSeconds),
  );
  const state = minBy(promql`${scope.up()} and on (cluster, namespace, job, instance) ${known}`, []);
  return panels.stat({
    title: 'Exporters',
    description:
      'Whether all selected exporters answer Prometheus. DOWN: errors behind one of them are not seen now; follow the runbook.',
    unit: 'none',
    width: 24,
    height: 3,
    max: 1,
    targets: [named(state, 'exporters')],
    noValue: 'No llm-exporter known: is it in the scrape configuration?',
    base: 'red',
    steps: [{ from: 1, color: 'green' }],
    mappings: [{ type: MappingType.ValueToText, options: { '0': { text: 'DOWN' }, '1': { text: 'UP' } } }],
    links: runbookLinks(settings, ['LLMExporterTargetDown']),
  });
}
