import { type Answer, answers } from './answers.ts';
import { dialects } from './dialect/dialects.ts';
import { type Frame, writeFrame } from './dialect/sse.ts';
import type { HttpAnswer } from './envelopes.ts';
import type { Exchange } from './exchange.ts';
import type { Fault } from './faults.ts';
import type { Generation } from './generation.ts';

/** How fast the simulated model is, and how patient the simulated gateway. */
export interface Pace {
  /** Before the first token, or before a whole answer is begun. */
  readonly latencyMs: number;
  /** 0: all at once. */
  readonly tokensPerSecond: number;
  /** A whole answer that takes longer becomes the gateway's 504. Novita's gateway waits 60 s. */
  readonly gatewayTimeoutMs: number;
}

/** What a stream that breaks has sent by then, unless the fault says otherwise. */
const TOKENS_BEFORE_A_CUT = 3;
/** Clients may drop what arrives together with the end of the connection: the tokens must get there before it. */
const PAUSE_BEFORE_A_CUT_MS = 20;

/** Gives the client the answer of the fault. Resolves when the answer is complete, broken, or the client gone. */
export async function perform(exchange: Exchange, generation: Generation, fault: Fault, pace: Pace): Promise<void> {
  const { model, stream } = generation.ask;
  const answer: Answer = answers[fault.cause];
  await exchange.pause(fault.afterMs);
  switch (answer.kind) {
    case 'success':
      return succeed(exchange, generation, pace);
    case 'http':
      if (stream && fault.afterTokens !== undefined) return failInStream(exchange, generation, { fault, answer, pace });
      return exchange.send(answer, model);
    case 'timeout':
      if (stream) return succeed(exchange, generation, pace);
      await exchange.pause(pace.gatewayTimeoutMs);
      return exchange.send(answer.answer, model);
    case 'hold':
      return exchange.untilLeft();
    case 'reset':
      return exchange.reset();
    case 'cut':
      return breakOff(exchange, generation, { fault, pace });
    default:
      return answer satisfies never;
  }
}

async function succeed(exchange: Exchange, generation: Generation, pace: Pace): Promise<void> {
  const dialect = dialects[generation.ask.call];
  if (generation.ask.stream && dialect.stream !== undefined) {
    await streamTokens(exchange, generation, pace);
    await writeFrames(exchange, dialect.stream.closing(generation));
    return exchange.end();
  }
  const neededMs = pace.latencyMs + msPerToken(pace) * generation.words.length;
  await exchange.pause(Math.min(neededMs, pace.gatewayTimeoutMs));
  if (neededMs <= pace.gatewayTimeoutMs) exchange.json(200, dialect.whole(generation));
  else exchange.send(answers.gateway_timeout_long_generation.answer, generation.ask.model);
}

/** Opens the stream and sends its first `count` tokens, or all; each is due at its own time, whatever the last one took. */
async function streamTokens(
  exchange: Exchange,
  generation: Generation,
  pace: Pace,
  count = generation.words.length,
): Promise<void> {
  const dialect = dialects[generation.ask.call].stream;
  await exchange.pause(pace.latencyMs);
  if (dialect === undefined || exchange.left.aborted) return;
  exchange.openStream();
  await writeFrames(exchange, dialect.opening(generation));
  const next = exchange.ticker(msPerToken(pace));
  for (const [index, word] of generation.words.slice(0, count).entries()) {
    await next();
    if (exchange.left.aborted) return;
    await writeFrames(exchange, [dialect.token(generation, index === 0 ? word : ` ${word}`)]);
  }
}

interface Break {
  readonly fault: Fault;
  readonly pace: Pace;
}

async function failInStream(
  exchange: Exchange,
  generation: Generation,
  { fault, answer, pace }: Break & { readonly answer: HttpAnswer },
): Promise<void> {
  await streamTokens(exchange, generation, pace, fault.afterTokens);
  const error = errorIn(answer.body(generation.ask.model));
  await writeFrames(exchange, dialects[generation.ask.call].stream?.failure({ error }) ?? []);
  exchange.end();
}

/** Breaks a stream after its first tokens, and a whole answer in its middle. */
async function breakOff(exchange: Exchange, generation: Generation, { fault, pace }: Break): Promise<void> {
  if (generation.ask.stream) {
    await streamTokens(exchange, generation, pace, fault.afterTokens ?? TOKENS_BEFORE_A_CUT);
  } else {
    await exchange.pause(pace.latencyMs);
    exchange.sendBeginning(JSON.stringify(dialects[generation.ask.call].whole(generation)));
  }
  await exchange.pause(PAUSE_BEFORE_A_CUT_MS);
  exchange.cut();
}

/** The error of an HTTP answer as it is put into a stream: without its envelope; a text becomes the message. */
function errorIn(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && 'error' in value ? value.error : value;
  } catch {
    return { message: body };
  }
}

async function writeFrames(exchange: Exchange, frames: readonly Frame[]): Promise<void> {
  if (frames.length > 0) await exchange.write(frames.map(writeFrame).join(''));
}

function msPerToken({ tokensPerSecond }: Pace): number {
  return tokensPerSecond > 0 ? 1000 / tokensPerSecond : 0;
}
