import type { SourceStatus } from '../source-status.ts';
import type { Status } from '../status.ts';
import { formatBytes, formatCount, formatSpan, formatTime } from './figures.ts';
import { type Html, html } from './html.ts';

/** Where lines come from, what became of them, and what those that were rejected looked like. */
export function sourcesSection({ sources, pushes }: Status): Html {
  if (sources.length === 0) return html``;
  return html`<h2 id="sources">Sources</h2>
<div class="wide"><table>
<tr><th>Source</th><th>State</th><th>Behind</th><th>Newest event</th><th>Lines</th><th>Requests</th><th>Other paths</th><th>Rejected</th><th>Rotations</th></tr>
${sources.map(sourceRow)}
</table></div>
${pushLine(pushes)}
${rejectedShapes(sources)}`;
}

function sourceRow(status: SourceStatus): Html {
  const { source, lastEventAgeSeconds: age, lines, events, filtered, rejected, rotations } = status;
  return html`<tr><td class="name"><code>${source}</code></td><td>${upText(status)}</td><td>${behindText(status)}</td>
<td>${age === undefined ? '' : `${formatSpan(age)} ago`}</td><td class="number">${formatCount(lines)}</td><td class="number">${formatCount(events)}</td>
<td class="number">${formatCount(filtered)}</td><td><span class="bad">${countsText(rejected)}</span></td><td>${countsText(rotations)}</td></tr>
`;
}

function upText({ up, files }: SourceStatus): Html {
  if (up === undefined) return html`<span class="soft">not read now</span>`;
  const state = up ? html`<b class="good">up</b>` : html`<b class="bad">down</b>`;
  return html`${state}${files === undefined ? '' : `, ${formatCount(files)} ${files === 1 ? 'file' : 'files'}`}`;
}

function behindText({ lagBytes, lagSeconds }: SourceStatus): string {
  if (lagBytes === undefined || lagBytes === 0) return lagBytes === undefined ? '' : 'no';
  return [formatBytes(lagBytes), ...(lagSeconds === undefined ? [] : [formatSpan(lagSeconds)])].join(', ');
}

/** `no_match × 3, too_long × 1` */
function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} × ${formatCount(count)}`)
    .join(', ');
}

function pushLine(pushes: Status['pushes']): Html {
  const text = countsText(pushes);
  return text === '' ? html`` : html`<p>Requests to <code>POST /v1/logs</code>: ${text}</p>`;
}

function rejectedShapes(sources: readonly SourceStatus[]): Html {
  const rows = sources.flatMap(({ source, rejectedShapes }) => rejectedShapes.map((shape) => ({ source, ...shape })));
  if (rows.length === 0) return html``;
  return html`<h2>Rejected lines</h2>
<p class="soft">What they look like and nothing of what they say: a stands for letters, 0 for digits, x for both. In a flood only some are looked at.</p>
<div class="wide"><table>
<tr><th>Source</th><th>Reason</th><th>Seen</th><th>Last (UTC)</th><th>Shape</th></tr>
${rows.map(
  ({ source, reason, seen, lastMs, shape }) =>
    html`<tr><td class="name"><code>${source}</code></td><td>${reason}</td><td class="number">${formatCount(seen)}</td><td>${formatTime(lastMs)}</td><td class="shape"><code>${shape}</code></td></tr>
`,
)}
</table></div>`;
}
