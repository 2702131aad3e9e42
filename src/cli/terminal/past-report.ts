import type { TrafficPoint } from '../../history/backtest/result.ts';
import { counted } from '../../history/page/words.ts';
import type { Report } from '../../history/report/report.ts';
import { field, table } from './layout.ts';
import type { Look } from './verdict.ts';

/** Causes whose advice is printed; the others are in the table. */
const MAX_ADVICE = 3;
const SPARKS = '▁▂▃▄▅▆▇█';
const MAX_SPARKS = 100;
const COLUMN = 12;

/** A report for people. Times are UTC. */
export function formatReport(report: Report, look: Look): string {
  const sections = [headline(report, look), sparklines(report, look), answers(report, look), models(report, look)];
  return `${[...sections, advice(report, look)].filter((text) => text !== '').join('\n\n')}\n`;
}

function headline({ total, models: all, periods }: Report, { style }: Look): string {
  const failed = all.reduce((sum, model) => sum + model.failed, 0);
  const share = ((100 * failed) / Math.max(1, total.events)).toFixed(2);
  const time = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  const [period] = periods;
  const span = `${time(period?.startMs ?? 0)} to ${time(period?.endMs ?? 0)} UTC`;
  return `${style('bold', `${failed} of ${total.events} requests failed (${share} %)`)}\n${span}, ${counted(total.files, 'log')}, ${counted(total.lines, 'line')}`;
}

function sparklines({ traffic }: Report, { width, style }: Look): string {
  const cells = Math.max(10, Math.min(MAX_SPARKS, width - COLUMN));
  const row = (name: string, value: (point: TrafficPoint) => number) =>
    `${name.padEnd(COLUMN)}${sparkline(traffic, cells, value)}`;
  return `${row('requests', ({ requests }) => requests)}\n${style(
    'red',
    row('failed', ({ failed }) => failed),
  )}`;
}

function sparkline(points: readonly TrafficPoint[], cells: number, value: (point: TrafficPoint) => number): string {
  // The same number of points in each cell, or a steady load would look like a comb.
  const perCell = Math.max(1, Math.ceil(points.length / cells));
  const sums = new Array<number>(Math.ceil(points.length / perCell)).fill(0);
  for (const [index, point] of points.entries()) {
    const at = Math.floor(index / perCell);
    sums[at] = (sums[at] ?? 0) + value(point);
  }
  const top = Math.max(1, ...sums);
  return sums.map((sum) => (sum === 0 ? ' ' : (SPARKS[Math.ceil((sum / top) * SPARKS.length) - 1] ?? ''))).join('');
}

function answers({ rows }: Report, { width, style }: Look): string {
  const lines = rows.map(({ requests, code, cause, model, provider }) => [
    String(requests),
    code,
    cause,
    `${model} (${provider})`,
  ]);
  return `${style('cyan', 'ANSWERS')}\n${table([['REQUESTS', 'CODE', 'CAUSE', 'MODEL'], ...lines], width)}`;
}

function models({ models: all }: Report, { width, style }: Look): string {
  const seconds = (value: number | undefined) => (value === undefined ? '-' : `${value.toFixed(2)}s`);
  const lines = all.map(({ model, provider, requests, failed, quantiles: { p50, p95, p99 } }) => [
    ...[String(requests), `${((100 * failed) / requests).toFixed(2)} %`, seconds(p50), seconds(p95), seconds(p99)],
    `${model} (${provider})`,
  ]);
  return `${style('cyan', 'MODELS')}\n${table([['REQUESTS', 'FAILED', 'P50', 'P95', 'P99', 'MODEL'], ...lines], width)}`;
}

function advice({ causes }: Report, { width, style }: Look): string {
  const blocks = causes.slice(0, MAX_ADVICE).map(({ cause, requests, summary, owner, advice: todo }) => {
    const rows = [
      ['meaning', summary],
      ['owner', owner],
      ['caller', todo.user],
      ['operator', todo.ops],
    ] as const;
    const lines = rows.map(([name, text]) => field(`  ${name}`, text, { width, column: COLUMN }));
    return [`${style('bold', style('red', cause))}  ${counted(requests, 'request')}`, ...lines].join('\n');
  });
  return blocks.length === 0 ? '' : `${style('cyan', 'WHAT TO DO')}\n${blocks.join('\n')}`;
}
