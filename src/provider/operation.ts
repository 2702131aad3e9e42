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

/**
 * Uploads, jobs and what else is kept for later: https://platform.openai.com/docs/api-reference/files, `/batches`, `/fine_tuning`, and the
 * likes of them at Anthropic (`/messages/batches`), Mistral (`/batch/jobs`), Cohere (`/finetuning`), Together (`/fine-tunes`).
 */
const MANAGEMENT =
  /\/(?:files|uploads?|batches|batch\/jobs|fine[_-]?tun(?:ing|es)|vector_stores|containers|evals)(?:\/|$)|\/cancel$/;

/**
 * Whether a POST to this path asks a model for something. Other requests are answered with records of what happened, and one of a failed
 * job is a good answer. A path that is not known counts as a call: there are more APIs than names for them.
 */
export function isGenerationPath(path: string): boolean {
  const end = path.search(/[?#]/);
  const bare = end === -1 ? path : path.slice(0, end);
  return operationFromPath(bare) !== undefined || !MANAGEMENT.test(bare);
}
