import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { formatProblem, ProblemError } from '../problem.ts';
import { answers } from './answers.ts';
import { type Ask, callFromPath, hasKey, parseAsk } from './ask.ts';
import { readBody } from './body.ts';
import { flat, type HttpAnswer, openai } from './envelopes.ts';
import type { Exchange } from './exchange.ts';
import { type Fault, faultOf, parseFault, parseFaults, pickFault } from './faults.ts';
import { generate } from './generation.ts';
import { type Pace, perform } from './perform.ts';
import { createRandom, type Random, seedFrom } from './random.ts';

/** What the handler of a request knows of the server it came to. */
export interface State {
  readonly clock: Clock;
  readonly seed: number;
  readonly models: readonly string[];
  readonly requireKey: boolean;
  readonly pace: Pace;
  faults: readonly Fault[];
  /** Requests so far. */
  count: number;
}

/** Answers one request. Rejects when the client breaks off its body; with its answer, a client that leaves is no error. */
export async function handle(state: State, request: IncomingMessage, exchange: Exchange): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/-/faults') return handleFaults(state, request, exchange);
  if (path === '/-/healthy') return exchange.json(200, { healthy: true });
  if (request.method === 'GET' && /\/models\/?$/.test(path)) return exchange.json(200, listModels(state));
  const body = await readBody(request);
  const call = callFromPath(path);
  if (call === undefined || request.method !== 'POST') return exchange.send(unknownUrl(request.method, path), '');
  if (body === 'too_large') return exchange.send(answers.payload_too_large, '');

  const ask = parseAsk(call, body);
  const refusal = refuse(state, request, ask);
  if (refusal !== undefined) return exchange.send(refusal, ask.model);
  const random = createRandom(seedFrom(state.seed, header(request, 'x-simulate-seed') ?? ++state.count));
  const fault = chooseFault(state, { request, ask, random });
  if (fault instanceof ProblemError) return exchange.json(400, problemsIn(fault));
  await perform(exchange, generate(ask, random, state.clock.nowMs()), fault, state.pace);
}

/** What a real API checks before it does any work. */
function refuse({ requireKey, models }: State, request: IncomingMessage, { model }: Ask): HttpAnswer | undefined {
  if (requireKey && !hasKey(request.headers)) return answers.auth_missing_key;
  if (model === '') return flat(400, 'INVALID_REQUEST_BODY', 'the body must be a JSON object that names a model');
  if (models.length > 0 && !models.includes(model)) return answers.model_not_found;
  return undefined;
}

interface Choice {
  readonly request: IncomingMessage;
  readonly ask: Ask;
  readonly random: Random;
}

/** A request may bring its own fault; the error says what is wrong with that. */
function chooseFault(state: State, { request, ask, random }: Choice): Fault | ProblemError {
  const own = header(request, 'x-simulate-cause');
  if (own === undefined) return pickFault(state.faults, ask, random) ?? faultOf('none');
  try {
    return parseFault(own);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

/** `GET` shows what fails, `PUT` replaces it, `DELETE` heals all. */
async function handleFaults(state: State, request: IncomingMessage, exchange: Exchange): Promise<void> {
  const body = await readBody(request);
  if (request.method === 'PUT') {
    try {
      state.faults = parseFaults(JSON.parse(body.toString()));
    } catch (error) {
      if (error instanceof SyntaxError) return exchange.json(400, { errors: ['the body is not JSON'] });
      if (error instanceof ProblemError) return exchange.json(400, problemsIn(error));
      throw error;
    }
  } else if (request.method === 'DELETE') {
    state.faults = [];
  } else if (request.method !== 'GET') {
    return exchange.json(405, { errors: ['use GET, PUT or DELETE'] });
  }
  exchange.json(200, { faults: state.faults });
}

function problemsIn({ problems }: ProblemError): { readonly errors: readonly string[] } {
  return { errors: problems.map(formatProblem) };
}

function listModels({ models }: State) {
  return { object: 'list', data: models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulate' })) };
}

function unknownUrl(method = '', path: string): HttpAnswer {
  const message = `Unknown request URL: ${method} ${path}`;
  return openai(404, { message, type: 'invalid_request_error', code: 'unknown_url' });
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
