import type { Call } from '../ask.ts';
import { anthropicMessages } from './anthropic.ts';
import type { Dialect } from './dialect.ts';
import { openaiChat, openaiCompletions, openaiEmbeddings } from './openai.ts';
import { openaiResponses } from './openai-responses.ts';

/** How each kind of call is answered. */
export const dialects: Readonly<Record<Call, Dialect>> = {
  chat: openaiChat,
  completions: openaiCompletions,
  responses: openaiResponses,
  embeddings: openaiEmbeddings,
  messages: anthropicMessages,
};
