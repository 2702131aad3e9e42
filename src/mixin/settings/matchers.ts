const NAME = '(?!__name__\\b)[A-Za-z_][A-Za-z0-9_]*';
/** A string in one of PromQL's three kinds of quotes; escapes are Go's, so `\.` is none (write `\\.`). */
const ESCAPE = String.raw`\\(?:[abfnrtv\\]|[0-3][0-7]{2}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U000[0-9A-Fa-f]{5})`;
const STRING = [`"(?:[^"\\\\\\n]|${ESCAPE}|\\\\")*"`, `'(?:[^'\\\\\\n]|${ESCAPE}|\\\\')*'`, '`[^`\\n]*`'].join('|');
const MATCHER = new RegExp(`[ \\t]*${NAME}[ \\t]*(=~|!~|!=|=)[ \\t]*(${STRING})[ \\t]*(?:,(?!$)|$)`, 'y');

/** Whether a text is PromQL matchers as they stand between braces: `job="llm-exporter",region=~"eu-.+"`; empty: none. */
export function isMatchers(text: string): boolean {
  MATCHER.lastIndex = 0;
  while (MATCHER.lastIndex < text.length) {
    const [, operator = '', quoted = ''] = MATCHER.exec(text) ?? [];
    if (quoted === '' || (operator.endsWith('~') && !isPattern(quoted))) return false;
  }
  return true;
}

/**
 * Whether Prometheus (RE2) takes the pattern. JavaScript judges its shape, after what only RE2 knows was taken out;
 * what only JavaScript knows, looking around and back, is refused (https://github.com/google/re2/wiki/Syntax).
 */
function isPattern(quoted: string): boolean {
  const inner = quoted.slice(1, -1);
  const pattern = quoted.startsWith('`') ? inner : inner.replace(/\\(["'\\])/g, '$1');
  if (/\(\?<?[=!]|\\[1-9k]/.test(pattern.replaceAll('\\\\', ''))) return false;
  const portable = pattern
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?[imsU]*(?:-[imsU]+)?([:)])/g, (_, end) => (end === ':' ? '(?:' : ''));
  try {
    new RegExp(portable);
    return true;
  } catch {
    // Its message is about JavaScript: the caller shows the right form instead.
    return false;
  }
}
