import { type Findings, httpStatus, machineName } from './error-findings.ts';

/** JSON.parse without the exception. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not JSON: the caller has other ways to read it.
  }
}

/** The first complete JSON object or list inside `text`: logs put words before it, Azure Foundry puts help after it. */
export function embeddedJson(text: string): unknown {
  const start = text.search(/\{\s*["'}]|\[\s*\{/);
  if (start === -1) return undefined;
  const end = balancedEnd(text, start);
  return end === -1 ? undefined : parseJson(text.slice(start, end));
}

const STRUCTURE = /["{}[\]]/g;
const STRING_END = /["\\]/g;

/** From mark to mark: a long string costs one search. */
function balancedEnd(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at += 1) {
    const mark = inString ? STRING_END : STRUCTURE;
    mark.lastIndex = at;
    const char = mark.exec(text)?.[0];
    if (char === undefined) return -1;
    at = mark.lastIndex - 1;
    if (char === '\\') at += 1;
    else if (char === '"') inString = !inString;
    else depth += char === '{' || char === '[' ? 1 : -1;
    if (depth === 0) return at + 1;
  }
  return -1;
}

/** `"key": "value"` in JSON or `'key': 'value'` in a Python repr, the value complete or cut off at the end of the text. */
const FIELD =
  /["'](code|type|__type|reason|status|error_type|limit_source|http_status_code|message|msg|detail|error|raw|quotaId)["']\s{0,8}:\s{0,8}(?:"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?$)|'([^'\\]*(?:\\.[^'\\]*)*)(?:'|\\?$)|(\d{1,6})(?!\d))/g;

/** Reads fields from text that no parser takes: cut JSON, a Python repr, the two ends of a long body. */
export function scanFields(text: string, findings: Findings): void {
  for (const [, key = '', double, single, number] of text.matchAll(FIELD)) {
    const value = number ?? unescapeText(double ?? single ?? '');
    const name = machineName(value);
    if (key === 'status' && name !== undefined && /^[A-Z_]+$/.test(name)) findings.rpcStatus = name;
    else if (key === 'code') findings.code = name ?? findings.code;
    else if (key === 'type' || key === '__type') findings.type = name ?? findings.type;
    else if (key === 'reason' || key === 'error_type' || key === 'limit_source')
      findings.reason = name ?? findings.reason;
    else if (number === undefined && key !== 'status') findings.messages.push(value);
    findings.httpStatus ??= /code|status/.test(key) ? httpStatus(value) : undefined;
  }
}

function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  const value = parseJson(`"${text.replace(/\\'/g, "'").replace(/(^|[^\\])"/g, '$1\\"')}"`);
  return typeof value === 'string' ? value : text.replace(/\\(["'\\/])/g, '$1').replace(/\\[nrt]/g, ' ');
}
