import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import { createExchange } from '../../src/simulate/exchange.ts';
import { handle, type State } from '../../src/simulate/handler.ts';
import { toolAnswer } from './tool-answers.ts';
import { readBody, startUpstream } from './upstream.ts';

/** The simulated API, and under paths of their own what that has not. */
export interface ClientApi {
  readonly url: string;
  /** Requests whose head has come. */
  requests(): number;
  /** Answers that are over, by code; 499: the other side did not wait for the end. */
  answered(): Readonly<Record<string, number>>;
}

/** One that answers the same whenever it is asked: ids and times do not change. */
const CLOCK = { ...systemClock, nowMs: () => 0 };

/** About a minute for the longest answer asked for here: whoever leaves early, leaves in the middle. */
const SLOW_TOKENS_PER_SECOND = 20;

/**
 * Starts the API for real clients.
 *
 *   /v1/…            the simulator
 *   /slow/v1/…       the simulator, some tokens a second
 *   /tools/v1/…      asks for the tool `weather` once, and then says what that said
 *   /packed/v1/…     compressed answers
 *   /…/files, /…/transcriptions    tells what was uploaded
 *
 * With the request header `x-answer-status` the answer is an error of that status; with `x-fails-once: ID` the first request of that id
 * gets a 503 whose wait is a millisecond.
 */
export async function startClientApi(t: TestContext): Promise<ClientApi> {
  let requests = 0;
  const answered: Record<string, number> = {};
  const failed = new Set<string>();
  const { url } = await startUpstream(t, (request, response) => {
    requests += 1;
    response.on('close', () => {
      const isOver = response.writableFinished || request.headers['x-simulate-cause'] === 'stream_interrupted';
      const code = isOver ? response.statusCode : 499;
      answered[code] = (answered[code] ?? 0) + 1;
    });
    answer(request, response, failed).catch(() => response.destroy());
  });
  return { url, requests: () => requests, answered: () => answered };
}

async function answer(request: IncomingMessage, response: ServerResponse, failed: Set<string>): Promise<void> {
  const { headers, url = '' } = request;
  const onceId = headers['x-fails-once'];
  if (headers['x-answer-status'] !== undefined) {
    sendError(request, response, Number(headers['x-answer-status']));
  } else if (typeof onceId === 'string' && !failed.has(onceId)) {
    failed.add(onceId);
    sendError(request, response, 503);
  } else if (/\/(?:files|transcriptions)(?:\?|$)/.test(url)) {
    sendJson(response, 200, await describeUpload(request));
  } else if (url.startsWith('/tools/')) {
    const { contentType, text } = toolAnswer(url, String(await readBody(request)));
    response.writeHead(200, { 'content-type': contentType }).end(text);
  } else if (url.startsWith('/packed/')) {
    const { contentType, text } = toolAnswer(url, String(await readBody(request)));
    response.writeHead(200, { 'content-type': contentType, 'content-encoding': 'gzip' }).end(gzipSync(text));
  } else {
    await handle(stateFor(url), request, createExchange(response, CLOCK));
  }
}

/** A state for each request: nothing that came before changes an answer. */
function stateFor(url: string): State {
  const tokensPerSecond = url.startsWith('/slow/') ? SLOW_TOKENS_PER_SECOND : 0;
  const pace = { latencyMs: 0, tokensPerSecond, gatewayTimeoutMs: 60_000 };
  return { clock: CLOCK, seed: 1, models: [], requireKey: false, pace, faults: [], count: 0 };
}

function sendError(request: IncomingMessage, response: ServerResponse, status: number): void {
  const isAnthropic = /\/messages(?:\?|$)/.test(request.url ?? '');
  const error = { type: `type_${status}`, message: `message of ${status}`, param: null, code: `code_${status}` };
  request.resume();
  response.setHeader('retry-after-ms', '1');
  response.setHeader('x-request-id', `id-${status}`);
  sendJson(response, status, isAnthropic ? { type: 'error', error } : { error });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Every part of a multipart body: texts as they are, of files the name, the type and a digest. */
async function describeUpload(request: IncomingMessage): Promise<unknown> {
  const body = new Uint8Array(await readBody(request));
  const parts: Record<string, string> = {};
  const type = request.headers['content-type'] ?? '';
  for (const [name, value] of await new Response(body, { headers: { 'content-type': type } }).formData()) {
    parts[name] = typeof value === 'string' ? value : await describeFile(value);
  }
  return { id: 'file-1', object: 'file', text: JSON.stringify(parts) };
}

async function describeFile(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return `${file.name} ${file.type} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}
