import { html } from '../../server/page/html.ts';
import { moment, page, section } from '../page/frame.ts';
import { timeline } from '../page/timeline.ts';
import { counted } from '../page/words.ts';
import type { Report } from './report.ts';

/** A report as one page that stands alone. */
export function reportPage(report: Report): string {
  const { total, periods, models, rows, causes } = report;
  const failed = models.reduce((sum, model) => sum + model.failed, 0);
  const title = `${failed} of ${total.events} requests failed`;
  const [period] = periods;
  return page(
    title,
    html`<h1>${title}</h1>
<p class="dim">${moment(period?.startMs)} to ${moment(period?.endMs)} UTC, ${counted(total.files, 'log')}, ${counted(total.lines, 'line')}</p>
${timeline({ ...report, firings: [] })}
${section(
  'Causes',
  ['Cause', 'Requests', 'Meaning', 'Owner', 'Callers', 'Operators'],
  causes.map(({ cause, requests, summary, owner, advice }) => [
    cause,
    String(requests),
    summary,
    owner,
    advice.user,
    advice.ops,
  ]),
)}
${section(
  'Models',
  ['Provider', 'Model', 'Requests', 'Failed', 'p50', 'p95', 'p99'],
  models.map(({ provider, model, requests, failed: bad, quantiles }) => [
    ...[provider, model, String(requests), String(bad)],
    ...[quantiles.p50, quantiles.p95, quantiles.p99].map((value) =>
      value === undefined ? '' : `${value.toFixed(2)} s`,
    ),
  ]),
)}
${section(
  'Answers',
  ['Provider', 'Model', 'Code', 'Cause', 'Requests'],
  rows.map(({ provider, model, code, cause, requests }) => [provider, model, code, cause, String(requests)]),
)}`,
  );
}
