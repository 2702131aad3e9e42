import { type Html, html } from '../../server/page/html.ts';
import { STYLE } from './style.ts';

/** One page, whole in itself. */
export function page(title: string, body: Html): string {
  // Not through the template, which would escape the quotes in it: the style is a constant of ours.
  const style: Html = { html: `<style>${STYLE}</style>` };
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>${style}</head><body>
${body}
</body></html>
`.html;
}

/** A table, or nothing where there is no row. */
export function section(title: string, head: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  if (rows.length === 0) return html``;
  return html`<h2>${title}</h2>
<div class="wide"><table><thead><tr>${head.map((text) => html`<th>${text}</th>`)}</tr></thead><tbody>
${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody></table></div>`;
}

export function moment(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
