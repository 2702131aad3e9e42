import { type Generation, textOf } from '../generation.ts';
import type { Dialect } from './dialect.ts';
import { typed } from './sse.ts';

/** `POST …/responses` with one message of text: https://platform.openai.com/docs/api-reference/responses-streaming */
export const openaiResponses: Dialect = {
  whole: (generation) => response(generation, 'completed'),
  stream: {
    opening: (generation) => [
      typed('response.created', { response: response(generation, 'in_progress') }),
      typed('response.output_item.added', { output_index: 0, item: message(generation, 'in_progress') }),
      typed('response.content_part.added', { ...place(generation), part: part('') }),
    ],
    token: (generation, text) => typed('response.output_text.delta', { ...place(generation), delta: text }),
    closing: (generation) => [
      typed('response.output_text.done', { ...place(generation), text: textOf(generation) }),
      typed('response.content_part.done', { ...place(generation), part: part(textOf(generation)) }),
      typed('response.output_item.done', { output_index: 0, item: message(generation, 'completed') }),
      typed('response.completed', { response: response(generation, 'completed') }),
    ],
    failure: ({ error }) => [typed('response.failed', { response: { object: 'response', status: 'failed', error } })],
  },
};

type Status = 'in_progress' | 'completed';

function response(generation: Generation, status: Status) {
  const { ask, id, createdSeconds, words } = generation;
  const done = status === 'completed';
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: createdSeconds,
    status,
    error: null,
    incomplete_details: null,
    model: ask.model,
    output: done ? [message(generation, status)] : [],
    usage: done ? usage(ask.inputTokens, words.length) : null,
  };
}

function message(generation: Generation, status: Status) {
  const content = status === 'completed' ? [part(textOf(generation))] : [];
  return { id: `msg_${generation.id}`, type: 'message', role: 'assistant', status, content };
}

function part(text: string) {
  return { type: 'output_text', text, annotations: [] };
}

function place({ id }: Generation) {
  return { item_id: `msg_${id}`, output_index: 0, content_index: 0 };
}

function usage(input: number, output: number) {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
}
