import type { SourceStatus } from '../source-status.ts';
import type { Status } from '../status.ts';
import { formatCount, formatShare } from './figures.ts';
import { type Html, html } from './html.ts';

/** What needs somebody's attention, before anything else. */
export function banners({ reloadRefused, state, sources, overflow }: Status): Html {
  return html`${[
    reloadRefused ? bad(html`The last reload was refused; the former configuration is in force.`) : '',
    state?.trouble === undefined
      ? ''
      : bad(html`The state cannot be written to <code>${state.dir}</code>: ${state.trouble}. Counting goes on, but what was counted since the last
write is lost if the exporter is killed.`),
    state?.load === 'corrupt' ? bad(corrupt(state.setAside)) : '',
    sources.map(sourceBanner),
    Object.entries(overflow).map(([label, count]) =>
      bad(html`Limit of ${label} values reached: ${formatCount(count)} counted as “other”.`),
    ),
  ]}`;
}

function corrupt(setAside: string | undefined): Html {
  const where = setAside === undefined ? '' : html` It was set aside as <code>${setAside}</code>.`;
  return html`State of the run before could not be read, so counters may have begun again.${where}`;
}

function sourceBanner({ source, fit }: SourceStatus): Html | '' {
  if (fit === undefined || fit.verdict === 'good') return '';
  const lines = fit.events + fit.filtered + fit.rejected;
  if (fit.verdict === 'rejected') {
    return bad(html`${formatShare(fit.rejected, lines)} of the last ${formatCount(lines)} lines of <code>${source}</code> could not be read.
<code>llm-exporter detect ${fileOf(source)}</code> tells their format; <a href="#sources">what they look like</a>.`);
  }
  return html`<p class="banner">0 of ${formatCount(lines)} lines of <code>${source}</code> were LLM requests, by their path: see
<code>include</code>, <code>exclude_paths</code> and <code>fields.path</code> in its configuration.</p>
`;
}

/** A source is named by its file unless the configuration gave it another name; only a path can be pasted into a shell. */
function fileOf(source: string): string {
  return /^[\w.@:*?{},[\]-]*\/[\w.@:*?{},[\]/-]*$/.test(source) && !source.includes('://') ? source : 'FILE';
}

function bad(text: Html): Html {
  return html`<p class="banner bad">${text}</p>
`;
}
