import type { Failing, ModelStatus, Status } from '../status.ts';
import { banners } from './banners.ts';
import { formatCount, formatShare, formatSpan, formatTime } from './figures.ts';
import { type Html, html } from './html.ts';
import { sourcesSection } from './sources-section.ts';
import { stateSection } from './state-section.ts';
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
${banners(status)}
${models(status.models)}
${failures(status)}
${sourcesSection(status)}
${stateSection(status.state)}
</body>
</html>
`.html;
}

function header({ version, revision, uptimeSeconds, ready, inputs, advice }: Status): Html {
  const state = ready ? html`<b class="good">ready</b>` : html`<b class="bad">not ready</b>`;
  return html`<header>
<h1>llm-exporter</h1>
<p>${state} <span class="soft">version ${version} (${revision}), up ${formatSpan(uptimeSeconds)}</span></p>
${inputs.map(({ kind, description }) => html`<p>${kind}: <code>${description}</code></p>`)}
${advice.map(({ setting, message }) => html`<p class="bad">Warning: <code>${setting}</code> ${message}</p>`)}
<nav><a href="metrics">Metrics</a><a href="api/v1/status">Status as JSON</a><a href="api/v1/causes">Causes</a><a href="api/v1/failures">Failures as JSON</a></nav>
</header>`;
}

function models(all: readonly ModelStatus[]): Html {
  if (all.length === 0) return html`<h2>Requests</h2><p class="soft">None yet.</p>`;
  const more = all.length - MAX_MODELS;
  return html`<h2>Requests, most failures first</h2>
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
