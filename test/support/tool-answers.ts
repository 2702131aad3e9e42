/** An answer in full; a stream's frames are all there. */
interface Answer {
  readonly contentType: string;
  readonly text: string;
}

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';
const CITY = '{"city":"Paris"}';
/** Where a stream cuts the arguments: inside a string. */
const CUT_AT = 10;

/** A model that asks for `weather({"city":"Paris"})` once, and repeats what the tool has said. */
export function toolAnswer(url: string, body: string): Answer {
  const { stream } = JSON.parse(body);
  const said = /"(?:role":"tool"|type":"tool_result")/.test(body) ? 'the tool has spoken' : undefined;
  const isAnthropic = /\/messages(?:\?|$)/.test(url);
  if (stream !== true)
    return { contentType: JSON_TYPE, text: JSON.stringify((isAnthropic ? message : completion)(said)) };
  const frames = isAnthropic ? messageFrames(said) : completionFrames(said);
  return { contentType: STREAM_TYPE, text: frames.join('') };
}

/** https://platform.openai.com/docs/guides/function-calling */
function completion(said: string | undefined): unknown {
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: CITY } };
  const choice =
    said === undefined
      ? { index: 0, message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }
      : { index: 0, message: { role: 'assistant', content: said }, finish_reason: 'stop' };
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: 'm', choices: [choice], usage };
}

function completionFrames(said: string | undefined): readonly string[] {
  const opened = { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } };
  const piece = (text: string) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] });
  const called = [
    { role: 'assistant', content: null, tool_calls: [opened] },
    piece(CITY.slice(0, CUT_AT)),
    piece(CITY.slice(CUT_AT)),
  ];
  const deltas = said === undefined ? called : [{ role: 'assistant', content: said }];
  return [
    ...deltas.map((delta) => chunk(delta, null)),
    chunk({}, said === undefined ? 'tool_calls' : 'stop'),
    'data: [DONE]\n\n',
  ];
}

function chunk(delta: unknown, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: 'm', choices })}\n\n`;
}

/** https://docs.anthropic.com/en/docs/agents-and-tools/tool-use */
function message(said: string | undefined): unknown {
  const asked = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Paris' } };
  const content = [said === undefined ? asked : { type: 'text', text: said }];
  return { ...MESSAGE, content, stop_reason: said === undefined ? 'tool_use' : 'end_turn' };
}

const MESSAGE = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_sequence: null },
  usage: { input_tokens: 7, output_tokens: 3 },
};

function messageFrames(said: string | undefined): readonly string[] {
  const block =
    said === undefined ? { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} } : { type: 'text', text: '' };
  const pieces =
    said === undefined
      ? [CITY.slice(0, CUT_AT), CITY.slice(CUT_AT)].map((text) => ({ type: 'input_json_delta', partial_json: text }))
      : [{ type: 'text_delta', text: said }];
  const stopReason = said === undefined ? 'tool_use' : 'end_turn';
  return [
    named('message_start', { message: { ...MESSAGE, content: [], stop_reason: null } }),
    named('content_block_start', { index: 0, content_block: block }),
    ...pieces.map((delta) => named('content_block_delta', { index: 0, delta })),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 3 } }),
    named('message_stop', {}),
  ];
}

function named(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
