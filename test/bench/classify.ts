import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { classify } from '../../src/classify/classify.ts';
import { systemClock } from '../../src/clock.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';
import { createResponseTap } from '../../src/input/proxy/tap/response-tap.ts';
import { readErrorBody } from '../../src/provider/error-body.ts';
import type { Bench } from './measure.ts';

const catalogue = loadCatalogue();

const SUCCESS: RequestEvent = {
  ...{ timeMs: 0, provider: 'novita', model: 'm', stream: false, code: 200, durationSeconds: 1.5 },
  ...{ tokens: { input: 10, output: 20 }, origin: 'provider', final: true },
};
/** Different objects, so that what is measured cannot be worked out once and for all. */
const SUCCESSES = Array.from({ length: 64 }, (_, at) => ({ ...SUCCESS, durationSeconds: at / 10 }));
let turn = 0;
function nextSuccess(): RequestEvent {
  turn = (turn + 1) % SUCCESSES.length;
  return SUCCESSES[turn] ?? SUCCESS;
}

const ANSWER = JSON.stringify({
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello, how are you?' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
});

const FRAME = JSON.stringify({
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [{ index: 0, delta: { content: ' error' }, finish_reason: null }],
});

/** No rule speaks of any of this. */
const PROSE = 'The quick brown fox jumps over the lazy dog while seven wizards quietly brew another pot of tea. ';
/** The vocabulary of errors, as a report of a failure uses it that no rule speaks of. */
const KEYWORDS =
  'The upstream server got the request and its key was accepted; the model was loaded, and the token count, the rate and the quota were within the limit, but the answer could not be rendered. ';
/** Nothing but the words of rules, in no sentence that any of them is looking for: whatever can be tried is tried in vain. */
const WORST =
  'rate token request limit quota model overloads timer key invalid upstream server error capacity context ';

function bodyOf(words: string, bytes: number): string {
  const around = { error: { message: '', type: 'example_error', param: null, code: 'example' } };
  const room = bytes - JSON.stringify(around).length;
  const message = words.repeat(Math.ceil(room / words.length)).slice(0, room);
  return JSON.stringify({ error: { ...around.error, message } });
}

/** From the text of a body to its cause, as the proxy does it. */
function judge(body: string, code: number) {
  return classify({ ...SUCCESS, code, error: readErrorBody(body) }, catalogue);
}

/** The whole reader: chunks as they come from a socket, the bounded copy, the cause. */
function judgeChunks(chunks: readonly Buffer[]) {
  const headers = { 'content-type': 'application/json' };
  const tap = createResponseTap({
    status: 500,
    headers,
    clock: systemClock,
    guard: (_kind, _fallback, watch) => watch(),
  });
  for (const chunk of chunks) tap.push(chunk);
  let verdict: unknown;
  tap.finish(({ error }) => {
    verdict = classify({ ...SUCCESS, code: 500, error }, catalogue);
  });
  return verdict;
}

const SOCKET_READ_BYTES = 64 * 1024;

function chunksOf(body: string): readonly Buffer[] {
  const bytes = Buffer.from(body);
  const count = Math.ceil(bytes.length / SOCKET_READ_BYTES);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * SOCKET_READ_BYTES, (at + 1) * SOCKET_READ_BYTES));
}

const PROSE_4K = bodyOf(PROSE, 4096);
const KEYWORDS_4K = bodyOf(KEYWORDS, 4096);
const WORST_4K = bodyOf(WORST, 4096);
const PROSE_10M = bodyOf(PROSE, 10 * 1024 * 1024);
const CHUNKS_4K = chunksOf(PROSE_4K);
const CHUNKS_10M = chunksOf(PROSE_10M);
const STREAM = createResponseTap({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  clock: systemClock,
  guard: (_kind, _fallback, watch) => watch(),
});
const FRAME_BYTES = Buffer.from(`data: ${FRAME}\n\n`);

/** Classifying beside `JSON.parse` of the same text. Limits: design, section 11. */
export const bench: Bench = {
  title: 'Classify',
  peer: 'JSON.parse',
  cases: [
    { name: 'success', task: () => classify(nextSuccess(), catalogue), peer: () => JSON.parse(ANSWER), limitNs: 1000 },
    { name: '503 without a body', task: () => judge('', 503), peer: () => JSON.parse(ANSWER) },
    {
      name: 'error, 4 KiB of prose',
      task: () => judge(PROSE_4K, 500),
      peer: () => JSON.parse(PROSE_4K),
      limitNs: 20_000,
    },
    {
      name: 'error, 4 KiB of keywords',
      task: () => judge(KEYWORDS_4K, 500),
      peer: () => JSON.parse(KEYWORDS_4K),
      limitNs: 20_000,
    },
    { name: 'error, 4 KiB made to be slow', task: () => judge(WORST_4K, 500), peer: () => JSON.parse(WORST_4K) },
    { name: 'frame of a stream', task: () => STREAM.push(FRAME_BYTES), peer: () => JSON.parse(FRAME) },
    { name: 'whole reader, 4 KiB', task: () => judgeChunks(CHUNKS_4K), peer: () => JSON.parse(PROSE_4K) },
    { name: 'whole reader, 10 MiB', task: () => judgeChunks(CHUNKS_10M), peer: () => JSON.parse(PROSE_10M) },
    { name: 'body reader, 10 MiB', task: () => judge(PROSE_10M, 500), peer: () => JSON.parse(PROSE_10M) },
  ],
};
