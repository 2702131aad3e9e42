import type { Escape } from '../log-format.ts';

/** A value as it was before the log's writer escaped it; one that is not escaped well stays as it is. */
export function unescapeValue(value: string, escaping: Escape): string {
  if (!value.includes('\\')) return value;
  switch (escaping) {
    case 'none':
      return value;
    case 'json':
      return unescapeJson(value);
    case 'nginx':
      return unescapeBytes(value);
    default:
      return escaping satisfies never;
  }
}

/** Each byte beyond ASCII is one \xHH, so neighbours make a character together. Apache writes \" and \\ where nginx writes \x22 and \x5C. */
function unescapeBytes(value: string): string {
  return value.replace(/(?:\\x[0-9A-Fa-f]{2})+|\\(["\\])/g, (hex, character: string | undefined) =>
    character === undefined ? Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('utf8') : character,
  );
}

function unescapeJson(value: string): string {
  try {
    const text: unknown = JSON.parse(`"${value}"`);
    return typeof text === 'string' ? text : value;
  } catch {
    // Not JSON's escapes: the backslash is a part of the value.
    return value;
  }
}
