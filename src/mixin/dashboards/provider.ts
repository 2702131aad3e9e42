import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { rate, sumBy } from '../promql.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { causesRow } from './causes-row.ts';
import { buildDashboard, type Row } from './frame.ts';
import { latencyRow, tokensRow } from './latency-row.ts';
import { alertLines, runbookLinks } from './links.ts';
import { byLabels, named, type Panels } from './panels.ts';
import { ofAnswer, ofModel, RATE, scope } from './scope.ts';

const IDLE = 'No requests for this selection in this time';

/** `dashboards/llm-provider.json`: one model, or a few, in depth: what failed, why, how slow, how many tokens. */
export function provider(settings: MixinSettings, panels: Panels): Dashboard {
  return buildDashboard(settings, {
    uid: 'llm-provider',
    title: 'LLM / Provider',
    description: 'One provider or model in depth: status codes and their causes, latency, tokens. Alerts link here.',
    rows: [answersRow(settings, panels), causesRow(panels), latencyRow(panels), tokensRow(panels)],
  });
}

function answersRow(settings: MixinSettings, panels: Panels): Row {
  return { title: 'Answers', panels: [byCode(panels), ratios(settings, panels), inFlight(panels)] };
}

function byCode(panels: Panels) {
  const answers = scope.counter('llm_requests_total', ofAnswer);
  return panels.graph({
    title: 'Answers by status code',
    description:
      'Every answer that clients saw. Compare the height with other days: fewer requests can mean that clients gave up.',
    unit: 'reqps',
    width: 12,
    stacked: true,
    targets: [byLabels(sumBy(rate(answers, RATE), ['code']), ['code'])],
    noValue: IDLE,
  });
}

function ratios(settings: MixinSettings, panels: Panels) {
  const byCode = { ...ofModel, code: { variable: 'code' } } as const;
  const ratio = scope.recorded('provider_model_code:llm_requests_per_requests:ratio_increase5m', byCode);
  const usual = scope.recorded('provider_model_code:llm_requests_per_requests:p90_ratio_increase5m', byCode);
  return panels.graph({
    title: 'Share of alerted codes and usual level',
    description:
      'What the spike alerts look at: share of 503, 504 and 524, and the level the model usually stays under. Dashed: where alerts begin; critical ones look at a shorter window.',
    unit: 'percentunit',
    width: 8,
    targets: [byLabels(ratio, ['code', 'provider', 'model']), byLabels(usual, ['code', 'provider', 'model'], 'usual ')],
    noValue: IDLE,
    steps: alertLines(settings),
    links: runbookLinks(settings, ['LLMApi503Spike', 'LLMApi503SpikeSevere', 'LLMApi504Spike']),
  });
}

function inFlight(panels: Panels) {
  return panels.stat({
    title: 'In flight',
    description:
      'Requests passing through the proxy now. Rising while answers fall: the upstream has stopped answering.',
    unit: 'short',
    decimals: 0,
    width: 4,
    targets: [named(sumBy(scope.gauge('llm_requests_in_flight', ofModel), []), 'in flight')],
    noValue: 'No proxied traffic: a log tells of a request only when it ends',
  });
}
