/** Text that is HTML already. Only `html` makes it, so nothing reaches the page unescaped by mistake. */
export interface Html {
  readonly html: string;
}

type Insert = Html | string | number | readonly Insert[];

/** A template whose inserts are escaped, unless they are made by this same tag. */
export function html(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Html {
  return { html: parts.map((part, index) => part + render(inserts[index] ?? '')).join('') };
}

function render(insert: Insert): string {
  if (typeof insert === 'string') return escapeHtml(insert);
  if (typeof insert === 'number') return String(insert);
  return 'html' in insert ? insert.html : insert.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
