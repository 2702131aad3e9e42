import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';
import { errorClassMarks } from './error-classes.ts';

/** Operations that call a model; agents and tools (`invoke_agent`, `execute_tool`) only wrap such calls, whose spans are there, too. */
const OPERATIONS = /^(?:chat|text_completion|generate_content|embeddings|responses|rerank)$/;

/**
 * Spans of the GenAI conventions, as OpenTelemetry's collector writes them (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding,
 * https://github.com/open-telemetry/semantic-conventions-genai). Each span is a record with its attributes by their names and `failed`,
 * `outcome` and its times beside them (`../reader/otlp-records.ts`). A span is one call of an SDK, all its tries included. A failure
 * without an HTTP status and of no known class counts as 500.
 */
export const OTLP: LogFormat = {
  title: 'OTLP spans',
  layout: { kind: 'otlp' },
  signs: ['resourceSpans'],
  mixed: true,
  fields: fieldMap({
    time: ['endTimeUnixNano'],
    code: ['http.response.status_code', 'http.status_code', 'outcome', 'error.type'],
    model: ['gen_ai.request.model', 'gen_ai.response.model'],
    stream: ['gen_ai.request.stream', 'llm.is_streaming'],
    request_id: ['traceId'],
    error_type: ['error.type', 'exception.type'],
    error_message: ['exception.message', 'status.message'],
    input_tokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
    output_tokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    first_token: ['gen_ai.response.time_to_first_chunk', 'gen_ai.server.time_to_first_token'],
  }),
  durationUnit: 's',
  between: { duration: ['startTimeUnixNano', 'endTimeUnixNano'] },
  marks: [
    { at: 'gen_ai.operation.name', is: new RegExp(`^(?!${OPERATIONS.source.slice(1)})`), means: { filtered: true } },
    ...errorClassMarks('error.type'),
    ...errorClassMarks('exception.type'),
    { at: 'failed', is: 'true', means: { code: 500 } },
  ],
};
