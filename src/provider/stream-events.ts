import type { TokenUsage } from '../event/request-event.ts';
import { MAY_BE_ERROR } from './error-body.ts';
import { findUsage } from './usage.ts';

/**
 * One field name and the start of a non-empty string: the first frame that carries a token, in the words of OpenAI chat
 * (`content`, `reasoning_content`, `arguments`), completions and Gemini (`text`), Responses (`delta`) and Anthropic
 * (`text`, `thinking`, `partial_json`).
 */
const CONTENT =
  /"(?:content|reasoning_content|reasoning|text|delta|thinking|partial_json|arguments|refusal)"\s*:\s*"[^"]/;

/**
 * How each API says that its answer is complete. A stream that ends without any of these was cut, however politely:
 * https://platform.openai.com/docs/api-reference/chat-streaming, https://docs.anthropic.com/en/api/messages-streaming,
 * https://platform.openai.com/docs/api-reference/responses-streaming, https://ai.google.dev/api/generate-content.
 */
const TERMINAL =
  /"(?:finish_reason|finishReason|stop_reason)"\s*:\s*"[^"]|"type"\s*:\s*"(?:message_stop|response\.(?:completed|incomplete|failed))"/;
const TERMINAL_EVENTS: ReadonlySet<string> = new Set([
  'message_stop',
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

/** OpenAI's end mark, which nearly everyone copied; it is no JSON. */
const DONE = '[DONE]';

/** Whether this frame carries part of the answer's text, thought or tool call. */
export function carriesContent(data: string): boolean {
  return CONTENT.test(data);
}

/** Whether this frame, by its event name or its data, ends the answer as its API documents it. */
export function endsAnswer(event: string, data: string): boolean {
  return data === DONE || TERMINAL_EVENTS.has(event) || TERMINAL.test(data);
}

/** The mark after which nothing follows. */
export function isDoneMark(data: string): boolean {
  return data === DONE;
}

/** What the four questions below look for, in one search: a frame without any of it is a piece of the answer and nothing else. */
const TELLS_MORE = new RegExp(`${TERMINAL.source}|${MAY_BE_ERROR.source}|"usage`);

/** Whether a frame may end the answer, count tokens or be an error; nearly all frames of a stream do not. */
export function tellsMore(event: string, data: string): boolean {
  return event === 'error' || TERMINAL_EVENTS.has(event) || data === DONE || TELLS_MORE.test(data);
}

/** Token counts of one frame; a frame without a usage object costs one search for a substring. */
export function frameUsage(data: string): TokenUsage | undefined {
  return data.includes('"usage') ? findUsage(data) : undefined;
}
