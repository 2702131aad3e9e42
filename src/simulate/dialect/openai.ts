import { type Generation, textOf } from '../generation.ts';
import type { Dialect } from './dialect.ts';
import type { Frame } from './sse.ts';

const DIMENSIONS = 8;
const DONE: Frame = { data: '[DONE]' };

/** `POST …/chat/completions`: https://platform.openai.com/docs/api-reference/chat */
export const openaiChat: Dialect = {
  whole: (generation) => ({
    ...head(generation, 'chatcmpl', 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: textOf(generation) },
        finish_reason: finishReason(generation),
      },
    ],
    usage: usage(generation),
  }),
  stream: {
    opening: (generation) => [chatChunk(generation, { role: 'assistant', content: '' })],
    token: (generation, text) => chatChunk(generation, { content: text }),
    closing: (generation) => [chatChunk(generation, {}, finishReason(generation)), ...chatUsage(generation), DONE],
    failure: (error) => [{ data: error }, DONE],
  },
};

/** `POST …/completions`, the older API without messages. */
export const openaiCompletions: Dialect = {
  whole: (generation) => ({
    ...completion(generation, textOf(generation), finishReason(generation)),
    usage: usage(generation),
  }),
  stream: {
    opening: () => [],
    token: (generation, text) => ({ data: completion(generation, text, null) }),
    closing: (generation) => [
      { data: completion(generation, '', finishReason(generation)) },
      ...(generation.ask.includeUsage
        ? [{ data: { ...head(generation, 'cmpl', 'text_completion'), choices: [], usage: usage(generation) } }]
        : []),
      DONE,
    ],
    failure: (error) => [{ data: error }, DONE],
  },
};

/** `POST …/embeddings`: vectors that depend on the seed only. */
export const openaiEmbeddings: Dialect = {
  whole: ({ ask, id }) => ({
    object: 'list',
    model: ask.model,
    data: Array.from({ length: ask.inputs }, (_, index) => ({
      object: 'embedding',
      index,
      embedding: vector(Number.parseInt(id, 16) + index, ask.base64),
    })),
    usage: { prompt_tokens: ask.inputTokens, total_tokens: ask.inputTokens },
  }),
};

function head({ ask, id, createdSeconds }: Generation, prefix: string, object: string) {
  return { id: `${prefix}-${id}`, object, created: createdSeconds, model: ask.model };
}

function chatChunk(generation: Generation, delta: unknown, finish: string | null = null): Frame {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return { data: { ...head(generation, 'chatcmpl', 'chat.completion.chunk'), choices } };
}

/** The usage comes in a chunk of its own, whose list of choices is empty. */
function chatUsage(generation: Generation): readonly Frame[] {
  if (!generation.ask.includeUsage) return [];
  const start = head(generation, 'chatcmpl', 'chat.completion.chunk');
  return [{ data: { ...start, choices: [], usage: usage(generation) } }];
}

function completion(generation: Generation, text: string, finish: string | null) {
  return {
    ...head(generation, 'cmpl', 'text_completion'),
    choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
  };
}

function finishReason({ cut }: Generation): string {
  return cut ? 'length' : 'stop';
}

function usage({ ask, words }: Generation) {
  return {
    prompt_tokens: ask.inputTokens,
    completion_tokens: words.length,
    total_tokens: ask.inputTokens + words.length,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

function vector(start: number, base64: boolean): number[] | string {
  const numbers = Float32Array.from({ length: DIMENSIONS }, (_, index) => Math.sin(start + index));
  return base64 ? Buffer.from(numbers.buffer).toString('base64') : [...numbers];
}
