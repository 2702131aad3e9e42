/** The kinds of LLM API call, after OpenTelemetry's `gen_ai.operation.name` where it has a name for it. */
export const OPERATIONS = [
  'chat',
  'text_completion',
  'responses',
  'embeddings',
  'rerank',
  'image',
  'audio',
  'moderation',
  'generate_content',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/**
 * Path endings of OpenAI, Anthropic (`/v1/messages`), Gemini (`models/x:generateContent`) and what speaks like them.
 * Base paths differ (`/openai/v1`, `/v3/openai`, `/v1beta`), so only the end of the path is looked at.
 */
const OPERATION_BY_ENDING: readonly (readonly [RegExp, Operation])[] = [
  [/\/chat\/completions\/?$/, 'chat'],
  [/\/messages\/?$/, 'chat'],
  [/\/completions?\/?$/, 'text_completion'],
  [/\/responses\/?$/, 'responses'],
  [/\/embeddings?\/?$/, 'embeddings'],
  [/\/rerank\/?$/, 'rerank'],
  [/\/images\/(?:generations|edits|variations)\/?$/, 'image'],
  [/\/audio\/(?:speech|transcriptions|translations)\/?$/, 'audio'],
  [/\/moderations\/?$/, 'moderation'],
  [/:(?:streamG|g)enerateContent$/, 'generate_content'],
];

/** Which operation a request path (or whole URL) calls; undefined when it is none of an LLM API's. */
export function operationFromPath(path: string): Operation | undefined {
  const end = path.search(/[?#]/);
  const bare = end === -1 ? path : path.slice(0, end);
  return OPERATION_BY_ENDING.find(([pattern]) => pattern.test(bare))?.[1];
}
