import type { TokenUsage } from '../event/request-event.ts';

/** How far behind `"usage":` an object may reach; the largest seen in the wild (per-modality details) is under 2 KiB. */
const MAX_USAGE_CHARS = 8192;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = 0x7b;
const CLOSING = 0x7d;

const KEY_START = '"usage';
/** Sticky: tried where KEY_START was found. */
const USAGE_KEY = /"usage(?:Metadata)?"\s*:\s*(?=\{)/y;

/**
 * Token counts from a `usage` (OpenAI, Anthropic) or `usageMetadata` (Gemini) object, brought to one meaning: `input`
 * includes what came from a cache, `output` includes what the model thought before it spoke.
 */
export function readUsage(value: unknown): TokenUsage | undefined {
  if (!isObject(value)) return undefined;
  const usage = 'promptTokenCount' in value || 'candidatesTokenCount' in value ? geminiUsage(value) : plainUsage(value);
  const { input, output, cachedInput, reasoning } = usage;
  return (input ?? output ?? cachedInput ?? reasoning) === undefined ? undefined : usage;
}

/**
 * Token counts from a piece of JSON text that need not be whole: only the last usage object in it is parsed, never the
 * completion around it. Quotes inside a completion are escaped, so text cannot be taken for the key.
 */
export function findUsage(text: string): TokenUsage | undefined {
  const start = lastUsageStart(text);
  const object = start === undefined ? undefined : objectAt(text, start);
  return object === undefined ? undefined : readUsage(parse(object));
}

/** Where the last usage object opens. From the end, where it mostly stands. */
function lastUsageStart(text: string): number | undefined {
  for (let at = text.lastIndexOf(KEY_START); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(KEY_START, at - 1)) {
    USAGE_KEY.lastIndex = at;
    if (USAGE_KEY.test(text)) return USAGE_KEY.lastIndex;
  }
  return undefined;
}

/** The later report wins field by field: Anthropic tells input tokens at the start of a stream and output tokens at its end. */
export function mergeUsage(earlier: TokenUsage | undefined, later: TokenUsage | undefined): TokenUsage | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  return {
    input: later.input ?? earlier.input,
    output: later.output ?? earlier.output,
    cachedInput: later.cachedInput ?? earlier.cachedInput,
    reasoning: later.reasoning ?? earlier.reasoning,
  };
}

/** https://platform.openai.com/docs/api-reference/chat/object and, for Anthropic, https://docs.anthropic.com/en/api/messages */
function plainUsage(usage: Fields): TokenUsage {
  const read = count(usage.cache_read_input_tokens);
  const written = count(usage.cache_creation_input_tokens);
  return {
    // Anthropic's input_tokens leaves out what was read from or written to the cache.
    input: add(count(usage.prompt_tokens) ?? count(usage.input_tokens), (read ?? 0) + (written ?? 0)),
    output: count(usage.completion_tokens) ?? count(usage.output_tokens),
    cachedInput:
      count(fields(usage.prompt_tokens_details).cached_tokens) ??
      count(fields(usage.input_tokens_details).cached_tokens) ??
      count(usage.prompt_cache_hit_tokens) ??
      read,
    reasoning:
      count(fields(usage.completion_tokens_details).reasoning_tokens) ??
      count(fields(usage.output_tokens_details).reasoning_tokens),
  };
}

/** https://ai.google.dev/api/generate-content#UsageMetadata: candidates do not include thoughts. */
function geminiUsage(usage: Fields): TokenUsage {
  const thoughts = count(usage.thoughtsTokenCount);
  return {
    input: count(usage.promptTokenCount),
    output: add(count(usage.candidatesTokenCount), thoughts ?? 0),
    cachedInput: count(usage.cachedContentTokenCount),
    reasoning: thoughts,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

const NO_FIELDS: Fields = Object.freeze({});

function fields(value: unknown): Fields {
  return isObject(value) ? value : NO_FIELDS;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function add(base: number | undefined, more: number): number | undefined {
  return base === undefined ? undefined : base + more;
}

/** The JSON object that starts at `start`, or undefined when it does not end within the bound. */
function objectAt(text: string, start: number): string | undefined {
  const end = Math.min(text.length, start + MAX_USAGE_CHARS);
  let depth = 0;
  for (let at = start; at < end; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = stringEnd(text, at, end);
    else if (char === OPENING) depth += 1;
    else if (char === CLOSING) depth -= 1;
    if (depth === 0) return text.slice(start, at + 1);
  }
  return undefined;
}

/** Where the string that opens at `open` closes; `end` when it does not. */
function stringEnd(text: string, open: number, end: number): number {
  for (let at = open + 1; at < end; at += 1) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at += 1;
    else if (char === QUOTE) return at;
  }
  return end;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON after all: no usage is known, which is no fault of the request.
    return undefined;
  }
}
