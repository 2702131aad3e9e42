import type { Backtest, Firing, Quiet, Tuned } from '../../history/backtest/result.ts';
import type { Labels } from '../../history/engine/labels.ts';
import { counted } from '../../history/page/words.ts';
import { formatDuration } from '../../mixin/settings/duration.ts';
import { table } from './layout.ts';
import type { Look } from './verdict.ts';

/** Alerts that came nowhere near are only counted. */
const MAX_MISSES = 10;

/** What a backtest found, for people. Times are UTC. */
export function formatBacktest(result: Backtest, look: Look): string {
  const sections = [fired(result, look), misses(result, look), thresholds(result, look), notJudged(result, look)];
  return `${[headline(result, look), ...sections].filter((text) => text !== '').join('\n\n')}\n`;
}

function headline({ firings, periods, rules, intervalMs }: Backtest, { style }: Look): string {
  const names = new Set(firings.map(({ alert }) => alert));
  const [first, last] = [periods[0], periods.at(-1)];
  const days = periods.reduce((sum, { startMs, endMs }) => sum + (endMs - startMs) / 86_400_000, 0);
  const span = `${moment(first?.startMs ?? 0)} to ${moment(last?.endMs ?? 0)} UTC, ${days.toFixed(1)} days, a sample every ${intervalMs / 1000} s`;
  const text =
    firings.length === 0
      ? 'no alert would have fired'
      : `${counted(names.size, 'alert')} would have fired ${counted(firings.length, 'time')}`;
  return `${style('bold', text)} (of ${rules.alerts} in ${rules.file})\n${span}`;
}

function fired({ firings }: Backtest, look: Look): string {
  const rows = firings.map((firing) => [
    moment(firing.pendingMs),
    firing.severity,
    firing.alert,
    span(firing.pendingMs, firing.firingMs),
    firing.endMs === undefined ? 'to the end' : span(firing.firingMs, firing.endMs),
    number(firing.peak),
    labelText(firing.labels),
  ]);
  return section('FIRED', ['SINCE', 'SEVERITY', 'ALERT', 'PENDING', 'FIRING', 'PEAK', 'LABELS'], rows, look);
}

function misses({ quiet }: Backtest, look: Look): string {
  const near = quiet.filter((one): one is Quiet & { miss: string } => one.miss !== undefined).slice(0, MAX_MISSES);
  const rows = near.map(({ alert, severity, miss, missMs, labels }) => [
    alert,
    severity,
    missMs === undefined ? '' : moment(missMs),
    `${miss}${labels === undefined ? '' : `  ${labelText(labels)}`}`,
  ]);
  const far = quiet.length - near.length;
  const rest = far === 0 ? '' : `\n${counted(far, 'alert')} came nowhere near`;
  return `${section('NEAREST MISSES', ['ALERT', 'SEVERITY', 'AT', 'CLOSEST'], rows, look)}${rest}`.trim();
}

function thresholds({ tuned, pagesPerWeek }: Backtest, look: Look): string {
  if (tuned === undefined) return '';
  const rows = tuned.map(({ alert, severity, comparison, firings, ...rest }) => [
    alert,
    severity,
    comparison ?? '',
    String(firings),
    suggestion(rest, comparison),
  ]);
  const head = `THRESHOLDS for ${pagesPerWeek} a week`;
  return section(head, ['ALERT', 'SEVERITY', 'NOW', 'FIRED', 'INSTEAD'], rows, look);
}

function suggestion({ suggested, why }: Pick<Tuned, 'suggested' | 'why'>, comparison: string | undefined): string {
  if (suggested === undefined) return why ?? '';
  const [operator] = /^[<>]=?/.exec(comparison ?? '') ?? [''];
  return `${operator} ${suggested.threshold} fires ${counted(suggested.firings, 'time')}`;
}

function notJudged({ notJudged: alerts, failed }: Backtest, look: Look): string {
  const rows = [
    ...failed.map(({ rule, reason }) => [rule, `cannot be computed: ${reason}`]),
    ...alerts.map(({ alert, reason }) => [alert, reason]),
  ];
  return section('NOT JUDGED', ['RULE', 'WHY'], rows, look);
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[], look: Look): string {
  if (rows.length === 0) return '';
  return `${look.style('cyan', title)}\n${table([head, ...rows], look.width)}`;
}

function moment(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

function span(fromMs: Firing['pendingMs'], toMs: number): string {
  return toMs === fromMs ? '0s' : formatDuration((toMs - fromMs) / 1000);
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Rules may copy anything into labels: control characters must not reach a terminal. */
function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value.replaceAll(/\p{Cc}/gu, '?')}`)
    .join(' ');
}
