import { formatDuration } from '../../mixin/settings/duration.ts';
import { type Html, html } from '../../server/page/html.ts';
import type { Labels } from '../engine/labels.ts';
import { moment, page, section } from '../page/frame.ts';
import { timeline } from '../page/timeline.ts';
import { counted } from '../page/words.ts';
import type { Backtest, Firing } from './result.ts';

/** A backtest as one page that stands alone; whatever stands in labels and rules is text on it. */
export function backtestPage(result: Backtest): string {
  const { firings, periods, rules, total, intervalMs } = result;
  const title =
    firings.length === 0 ? 'No alert would have fired' : `Alerts would have fired ${counted(firings.length, 'time')}`;
  return page(
    title,
    html`<h1>${title}</h1>
<p class="dim">${moment(periods[0]?.startMs)} to ${moment(periods.at(-1)?.endMs)} UTC: ${counted(total.events, 'request')} in ${counted(total.files, 'log')}, a sample every ${intervalMs / 1000} s; ${rules.alerts} alerts of ${rules.file}, judged by Prometheus. Grouping, inhibition and silences are Alertmanager's and are not judged.</p>
${timeline(result)}
${section('Fired', ['Since', 'Severity', 'Alert', 'Pending', 'Firing', 'Peak', 'Labels'], firings.map(firingRow))}
${section('Nearest misses', ['Alert', 'Severity', 'At', 'Closest', 'Labels'], missRows(result))}
${section(`Thresholds for ${result.pagesPerWeek ?? ''} a week`, ['Alert', 'Severity', 'Now', 'Fired', 'Instead'], tunedRows(result))}
${section('Not judged', ['Rule', 'Why'], notJudgedRows(result))}`,
  );
}

function firingRow({ pendingMs, firingMs, endMs, severity, alert, peak, labels }: Firing): readonly (string | Html)[] {
  return [
    moment(pendingMs),
    html`<span class="${severity === 'critical' || severity === 'warning' ? severity : 'dim'}">${severity}</span>`,
    alert,
    firingMs === pendingMs ? '0s' : formatDuration((firingMs - pendingMs) / 1000),
    endMs === undefined ? 'to the end' : formatDuration((endMs - firingMs) / 1000),
    String(Number(peak.toPrecision(3))),
    labelText(labels),
  ];
}

function missRows({ quiet }: Backtest) {
  return quiet.flatMap(({ alert, severity, miss, missMs, labels }) =>
    miss === undefined ? [] : [[alert, severity, moment(missMs), miss, labels === undefined ? '' : labelText(labels)]],
  );
}

function tunedRows({ tuned = [] }: Backtest) {
  return tuned.map(({ alert, severity, comparison = '', firings, suggested, why = '' }) => {
    const [operator = ''] = comparison.split(/(?<=^[<>]=?)(?!=)/);
    const instead = suggested && `${operator} ${suggested.threshold} fires ${counted(suggested.firings, 'time')}`;
    return [alert, severity, comparison, String(firings), instead ?? why];
  });
}

function notJudgedRows({ notJudged, failed }: Backtest) {
  return [
    ...failed.map(({ rule, reason }) => [rule, `cannot be computed: ${reason}`]),
    ...notJudged.map(({ alert, reason }) => [alert, reason]),
  ];
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
