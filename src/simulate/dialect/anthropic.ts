import { type Generation, textOf } from '../generation.ts';
import type { Dialect } from './dialect.ts';
import { typed } from './sse.ts';

/** `POST …/messages`, whole and streamed: https://docs.anthropic.com/en/api/messages-streaming */
export const anthropicMessages: Dialect = {
  whole: (generation) => ({
    ...head(generation),
    content: [{ type: 'text', text: textOf(generation) }],
    stop_reason: stopReason(generation),
    usage: usage(generation, generation.words.length),
  }),
  stream: {
    opening: (generation) => [
      typed('message_start', { message: { ...head(generation), usage: usage(generation, 1) } }),
      typed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      typed('ping', {}),
    ],
    token: (_, text) => typed('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    closing: (generation) => [
      typed('content_block_stop', { index: 0 }),
      typed('message_delta', {
        delta: { stop_reason: stopReason(generation), stop_sequence: null },
        usage: { output_tokens: generation.words.length },
      }),
      typed('message_stop', {}),
    ],
    failure: ({ error }) => [typed('error', { error })],
  },
};

function head({ ask, id }: Generation) {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: ask.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function usage({ ask }: Generation, outputTokens: number) {
  return {
    input_tokens: ask.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
  };
}

function stopReason({ cut }: Generation): string {
  return cut ? 'max_tokens' : 'end_turn';
}
