import { type Html, html } from './html.ts';
import type { Failing, ModelStatus, SourceStatus, Status } from './status.ts';
import { STYLE } from './style.ts';

/** Rows of the table of models; the rest is in the JSON. */
const MAX_MODELS = 50;

/** The status as one page without script or outside resource. Read at night: what fails, and whose turn it is, comes first. */
export function renderStatusPage(status: Status): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>llm-exporter</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
${header(status)}
${models(status.models)}
${overflow(status.overflow)}
${failures(status)}
${sources(status.sources)}
</body>
</html>
`.html;
}

function header({ version, revision, uptimeSeconds, ready, reloadRefused, inputs, advice }: Status): Html {
  const state = ready ? html`<b class="good">ready</b>` : html`<b class="bad">not ready</b>`;
  return html`<header>
<h1>llm-exporter</h1>
<p>${state} <span class="soft">version ${version} (${revision}), up ${formatSpan(uptimeSeconds)}</span></p>
${reloadRefused ? html`<p class="bad">The last reload was refused; the former configuration is in force.</p>` : ''}
${inputs.map(({ kind, description }) => html`<p>${kind}: <code>${description}</code></p>`)}
${advice.map(({ setting, message }) => html`<p class="bad">Warning: <code>${setting}</code> ${message}</p>`)}
<nav><a href="metrics">Metrics</a><a href="api/v1/status">Status as JSON</a><a href="api/v1/causes">Causes</a><a href="api/v1/failures">Failures as JSON</a></nav>
</header>`;
}

function models(all: readonly ModelStatus[]): Html {
  if (all.length === 0) return html`<h2>Requests</h2><p class="soft">None yet.</p>`;
  const more = all.length - MAX_MODELS;
  return html`<h2>Requests since the start, most failures first</h2>
<div class="wide"><table>
<tr><th>Provider</th><th>Model</th><th>Requests</th><th>Succeeded</th><th>Failures by code and cause</th></tr>
${all.slice(0, MAX_MODELS).map(modelRow)}
</table></div>
${more > 0 ? html`<p class="soft">${more} more models in <a href="api/v1/status">the JSON</a>.</p>` : ''}`;
}

function modelRow({ provider, model, requests, succeeded, failing }: ModelStatus): Html {
  const mood = failing.length === 0 ? 'good' : 'bad';
  return html`<tr><td class="name">${provider}</td><td class="name">${model}</td><td class="number">${formatCount(requests)}</td>
<td class="number"><span class="${mood}">${formatShare(succeeded, requests)}</span></td><td>${failing.map(failingItem)}</td></tr>
`;
}

/** A caller who left or sent a wrong request is news, but not for the one on call. */
function failingItem({ code, cause, owner, summary, advice, requests }: Failing): Html {
  const mood = code.startsWith('4') && (owner === 'api_user' || owner === 'nobody') ? 'cause quiet' : 'cause';
  return html`<div class="${mood}"><b>${code} ${cause}</b> × ${formatCount(requests)}, owner ${owner}
<details><summary class="soft">${summary}</summary><p>Operators: ${advice.ops}</p><p>Callers: ${advice.user}</p></details></div>
`;
}

function overflow(byLabel: Status['overflow']): Html {
  const reached = Object.entries(byLabel).filter(([, count]) => count > 0);
  return html`${reached.map(
    ([label, count]) =>
      html`<p class="bad">Limit of ${label} values reached: ${formatCount(count)} counted as “other”.</p>`,
  )}`;
}

function failures({ failures: recent }: Status): Html {
  if (recent.length === 0) return html``;
  return html`<h2>Recent failures</h2>
<div class="wide"><table>
<tr><th>Time (UTC)</th><th>Provider</th><th>Model</th><th>Code</th><th>Cause</th><th>Decided by</th><th>Request id</th></tr>
${recent.map(
  ({ timeMs, provider, model, code, cause, basis, rule, requestId }) =>
    html`<tr><td>${formatTime(timeMs)}</td><td class="name">${provider}</td><td class="name">${model}</td><td>${code}</td><td>${cause}</td><td>${basis}: <code>${rule}</code></td><td><code>${requestId ?? ''}</code></td></tr>
`,
)}
</table></div>`;
}

function sources(all: readonly SourceStatus[]): Html {
  if (all.length === 0) return html``;
  return html`<h2>Sources</h2>
<div class="wide"><table>
<tr><th>Source</th><th>State</th><th>Behind</th><th>Lines</th><th>Requests</th><th>Other paths</th><th>Rejected</th></tr>
${all.map(sourceRow)}
</table></div>`;
}

function sourceRow({ source, up, lagBytes, lagSeconds, lines, events, filtered, rejected }: SourceStatus): Html {
  const state = up === undefined ? '' : up ? html`<b class="good">up</b>` : html`<b class="bad">down</b>`;
  const behind = lagBytes === undefined ? '' : `${formatCount(lagBytes)} bytes`;
  const age = lagSeconds === undefined || lagSeconds === 0 ? '' : `, ${formatSpan(lagSeconds)}`;
  const reasons = Object.entries(rejected).map(
    ([reason, count]) => html`<span class="bad">${reason} × ${formatCount(count)}</span> `,
  );
  return html`<tr><td class="name"><code>${source}</code></td><td>${state}</td><td>${behind}${age}</td><td class="number">${formatCount(lines)}</td><td class="number">${formatCount(events)}</td><td class="number">${formatCount(filtered)}</td><td>${reasons}</td></tr>
`;
}

function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Never "100 %" while something failed. */
function formatShare(part: number, whole: number): string {
  return whole === 0 ? '' : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}

function formatTime(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, 19).replace('T', ' ');
}

const SPAN_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units: `3d 4h`. */
function formatSpan(seconds: number): string {
  let rest = Math.floor(seconds);
  const parts = SPAN_UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { count, text: `${count}${unit}` };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .map(({ text }) => text)
    .join(' ');
}
