import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';
import { errorClassMarks } from './error-classes.ts';
import { UVICORN_MESSAGES } from './uvicorn.ts';

/** LiteLLM answers its own timeout with 408. */
const TIMED_OUT = { code: 408, origin: 'edge', errorCode: 'timeout' } as const;
const FAILED = { code: 500 } as const;

/**
 * LiteLLM's StandardLoggingPayload, from a webhook or any of its loggers: https://docs.litellm.ai/docs/proxy/logging_spec
 * `messages` and `response` hold prompts and completions and are never looked at. `response_time` is the time to the first token when
 * it streams and the whole otherwise, so both are taken from the points in time.
 */
export const LITELLM: LogFormat = {
  title: 'LiteLLM StandardLoggingPayload',
  layout: { kind: 'json' },
  signs: ['call_type', 'startTime', 'endTime'],
  mixed: true,
  fields: fieldMap({
    time: ['endTime'],
    code: ['error_information.error_code', 'metadata.error_information.error_code', 'status'],
    // What the client asked for; `model` is what the router made of it.
    model: ['model_group', 'model'],
    stream: ['stream'],
    request_id: ['id', 'request_id', 'litellm_call_id', 'trace_id'],
    error_type: ['error_information.error_class', 'metadata.error_information.error_class'],
    error_message: ['error_information.error_message', 'metadata.error_information.error_message', 'error_str'],
    input_tokens: ['prompt_tokens'],
    output_tokens: ['completion_tokens'],
  }),
  between: { duration: ['startTime', 'endTime'], first_token: ['startTime', 'completionStartTime'] },
  marks: [
    { at: 'error_information.error_class', is: 'Timeout', means: TIMED_OUT },
    // LiteLLM's name for whatever it has no other name for, so it says nothing of connections.
    { at: 'error_information.error_class', is: 'APIConnectionError', means: FAILED },
    ...errorClassMarks('error_information.error_class'),
    ...errorClassMarks('metadata.error_information.error_class'),
    { at: 'status', is: 'failure', means: FAILED },
  ],
};

/** `litellm.RateLimitError: …`, behind whatever the place in the proxy that caught it calls itself. */
const RAISED = 'Exception occured.*?\\blitellm\\.(?:exceptions\\.)?';

/**
 * What the LiteLLM proxy itself writes with `json_logs: true`: a line for each exception, and uvicorn's line for each request. A failed
 * request has both. The exception knows why, so it is the one that counts, and the request's line counts when it went well.
 * An exception inside a stream that had begun is left out: its request's line says 200 and counts already.
 */
export const LITELLM_EXCEPTION: LogFormat = {
  title: 'LiteLLM JSON logs',
  layout: { kind: 'json' },
  signs: [{ at: 'message', is: /Exception occured/ }],
  mixed: true,
  fields: fieldMap({ time: ['timestamp'], error_message: ['message'] }),
  marks: [
    { at: 'message', is: /^[^:]*async_data_generator/, means: { filtered: true } },
    { at: 'message', is: new RegExp(`${RAISED}Timeout`), means: TIMED_OUT },
    { at: 'message', is: new RegExp(`${RAISED}APIConnectionError`), means: FAILED },
    ...errorClassMarks('message', RAISED),
    { at: 'message', is: /Exception occured.*Authentication Error/, means: { code: 401 } },
    { at: 'message', is: /Exception occured/, means: FAILED },
  ],
};

export const LITELLM_REQUEST: LogFormat = {
  title: 'LiteLLM JSON logs',
  layout: { kind: 'json', text: { at: 'message', templates: UVICORN_MESSAGES } },
  signs: [{ at: 'message', is: /^\S+:\d+ - "[A-Z]+ \S+ HTTP\// }],
  mixed: true,
  fields: fieldMap({ time: ['timestamp'], code: ['status'], path: ['request'], method: ['request'] }),
  marks: [{ at: 'status', is: /^[45]/, means: { filtered: true } }],
};
