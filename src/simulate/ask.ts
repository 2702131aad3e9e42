import type { IncomingHttpHeaders } from 'node:http';
import { operationFromPath } from '../provider/operation.ts';

/** The kinds of call the simulated API answers. */
export const CALLS = ['chat', 'completions', 'responses', 'embeddings', 'messages'] as const;
export type Call = (typeof CALLS)[number];

/** What one request asks for. */
export interface Ask {
  readonly call: Call;
  readonly model: string;
  readonly stream: boolean;
  /** OpenAI sends the usage of a stream only when `stream_options.include_usage` asks for it. */
  readonly includeUsage: boolean;
  readonly maxTokens: number | undefined;
  readonly inputTokens: number;
  /** Embeddings: the number of texts, and whether the vectors are wanted in base64, as OpenAI's client does. */
  readonly inputs: number;
  readonly base64: boolean;
}

/** English text has about four characters a token. */
const CHARACTERS_PER_TOKEN = 4;

/** The kind of call behind a path; any base path will do. Undefined for what this API does not offer. */
export function callFromPath(path: string): Call | undefined {
  const operation = operationFromPath(path);
  if (operation === 'chat') return /\/messages\/?$/.test(path) ? 'messages' : 'chat';
  if (operation === 'text_completion') return 'completions';
  return operation === 'responses' || operation === 'embeddings' ? operation : undefined;
}

/** What the body asks for. One that is no JSON object asks for the model '', which no API has. */
export function parseAsk(call: Call, body: Buffer): Ask {
  const value = parseObject(body.toString());
  const options = asObject(value.stream_options);
  const maxTokens = value.max_completion_tokens ?? value.max_output_tokens ?? value.max_tokens;
  return {
    call,
    model: typeof value.model === 'string' ? value.model : '',
    stream: value.stream === true,
    includeUsage: options.include_usage === true,
    maxTokens: typeof maxTokens === 'number' && maxTokens >= 1 ? Math.floor(maxTokens) : undefined,
    inputTokens: Math.ceil(body.length / CHARACTERS_PER_TOKEN),
    inputs: Array.isArray(value.input) ? value.input.length : 1,
    base64: value.encoding_format === 'base64',
  };
}

/** OpenAI's clients send a bearer token, Anthropic's `x-api-key`, Azure's `api-key`. */
export function hasKey(headers: IncomingHttpHeaders): boolean {
  return /^bearer +\S/i.test(headers.authorization ?? '') || Boolean(headers['x-api-key'] ?? headers['api-key']);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  // Any object that is no array may be looked into by name; what lies there is checked by the caller.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
