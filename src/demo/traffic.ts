import type { Clock } from '../clock.ts';
import { pause } from '../simulate/pause.ts';
import { createRandom, type Random } from '../simulate/random.ts';

/** Models of the demo; the first takes half of the requests, the others share the rest. */
export const DEMO_MODELS = [
  'deepseek/deepseek-v3',
  'meta-llama/llama-3.3-70b-instruct',
  'qwen/qwen3-32b',
] as const satisfies readonly string[];

export const DEMO_REQUESTS_PER_SECOND = 15;

/** Requests that may wait for their answer at once; more are not sent. Bounds what a slow API costs us. */
const MAX_IN_FLIGHT = 64;
const SHARE_OF_FIRST_MODEL = 0.5;
const SHARE_OF_STREAMS = 0.5;
const FINISH_MS = 5_000;

export interface TrafficOptions {
  /** Base URL without `/v1`. */
  readonly url: string;
  readonly clock: Clock;
  readonly models?: readonly string[];
  readonly requestsPerSecond?: number;
  readonly seed?: number;
}

export interface Traffic {
  /** Requests sent so far. */
  sent(): number;
  /** Sends no more; requests under way may finish, for a few seconds. */
  stop(): Promise<void>;
}

/** A steady load of chat requests, half of them streamed, as applications would send it. Failures do not stop it. */
export function startTraffic({
  url,
  clock,
  models = DEMO_MODELS,
  requestsPerSecond = DEMO_REQUESTS_PER_SECOND,
  seed = 1,
}: TrafficOptions): Traffic {
  const random = createRandom(seed);
  const running = new Set<Promise<void>>();
  const patience = new AbortController();
  let sent = 0;
  let cancel = () => {};
  const next = () => {
    cancel = clock.after(1000 / requestsPerSecond, next);
    if (running.size >= MAX_IN_FLIGHT) return;
    sent++;
    const request = ask(url, chatRequest(models, random), patience.signal).finally(() => running.delete(request));
    running.add(request);
  };
  next();
  return {
    sent: () => sent,
    async stop() {
      cancel();
      await Promise.race([Promise.all(running), pause(clock, FINISH_MS)]);
      patience.abort();
      await Promise.all(running);
    },
  };
}

function chatRequest(models: readonly string[], random: Random): unknown {
  const others = models.slice(1);
  const other = others[Math.floor(random() * others.length)];
  const model = random() < SHARE_OF_FIRST_MODEL ? models[0] : other;
  return {
    model: model ?? models[0],
    ...(random() < SHARE_OF_STREAMS && { stream: true, stream_options: { include_usage: true } }),
    messages: [{ role: 'user', content: 'Is all well?' }],
  };
}

/** The demo's API takes any key; this one is no secret. */
async function ask(url: string, body: unknown, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer demo', 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    await response.arrayBuffer();
  } catch {
    // A connection that breaks is what the demo is about: the exporter counts it.
  }
}
