/** A piece of a template: text that stands there as it is, or a value by its name. */
export type TemplatePart = string | { readonly variable: string };

/** `$` begins a variable's name, in braces or bare, of the characters that nginx lets it have (ngx_http_log_compile_format). */
const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

/** Cuts a template in the syntax of nginx's log_format into its parts. Text is never empty, and never beside text. */
export function splitTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const match of template.matchAll(VARIABLE)) {
    if (match.index > at) parts.push(template.slice(at, match.index));
    parts.push({ variable: match[1] ?? match[2] ?? '' });
    at = match.index + match[0].length;
  }
  if (at < template.length) parts.push(template.slice(at));
  return parts;
}
