import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createRandom, type Random } from '../../src/simulate/random.ts';

/** Part of a model's requests that fail alike for a while. */
export interface Incident {
  readonly fromMs: number;
  readonly toMs: number;
  readonly model: string;
  readonly code: number;
  /** Of the requests of the model that are `stream`, where that is given. */
  readonly share: number;
  readonly stream?: boolean;
  /** How long a failed request takes. */
  readonly seconds: number;
}

export interface PastLogOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly requestsPerSecond: number;
  readonly incidents?: readonly Incident[];
  /** Of requests that fail now and then, as they do on any day. */
  readonly noise?: number;
}

export const PAST_MODELS = [
  'deepseek/deepseek-v3',
  'deepseek/deepseek-r1',
  'meta-llama/llama-3.3-70b-instruct',
  'qwen/qwen3-235b-a22b',
  'moonshotai/kimi-k2',
  'zai-org/glm-4.5',
] as const;

const NOISE_CODES = [400, 401, 404, 429, 499, 500, 502, 503, 504] as const;
const AGENTS = [
  'OpenAI/Python 1.99.1 (x86_64-unknown-linux-gnu; CPython 3.12.4)',
  'AsyncOpenAI/Python 1.84.0 (aarch64-unknown-linux-gnu; CPython 3.11.9)',
  'OpenAI/JS 5.12.0 (node 22.19.0; linux x64; undici)',
] as const;
const DAY_MS = 86_400_000;

/** The lines of a gateway's log, oldest first: seeded, busier by day, with the incidents in it. Format: deploy/nginx, and some fields more. */
export function* pastLines(options: PastLogOptions): Generator<string> {
  const { seed, startMs, endMs, requestsPerSecond, incidents = [], noise = 0.004 } = options;
  const random = createRandom(seed);
  let id = 0;
  for (let timeMs = startMs; ; id += 1) {
    const load = 1 + 0.6 * Math.sin((2 * Math.PI * (timeMs % DAY_MS)) / DAY_MS);
    timeMs += (-Math.log(1 - random()) * 1000) / (requestsPerSecond * load);
    if (timeMs >= endMs) return;
    yield lineAt(timeMs, { random, incidents, noise, id });
  }
}

function lineAt(
  timeMs: number,
  options: {
    readonly random: Random;
    readonly incidents: readonly Incident[];
    readonly noise: number;
    readonly id: number;
  },
): string {
  const { random, incidents, noise, id } = options;
  const model = PAST_MODELS[Math.floor(random() * PAST_MODELS.length)] ?? '';
  const stream = random() < 0.7;
  const fate = random();
  const incident = incidents.find(
    (one) =>
      timeMs >= one.fromMs &&
      timeMs < one.toMs &&
      model === one.model &&
      (one.stream ?? stream) === stream &&
      fate < one.share,
  );
  const noisy = 1 - fate < noise ? NOISE_CODES[Math.floor(random() * NOISE_CODES.length)] : undefined;
  const code = incident?.code ?? noisy ?? 200;
  const usual = 0.3 + 12 * random() ** 3;
  const seconds = incident?.seconds ?? (code === 504 ? 60.001 : code >= 400 ? 0.05 : usual);
  const upstream = Math.min(seconds, 0.2 + random() * 0.3).toFixed(3);
  const length = code === 200 ? 400 + Math.floor(random() * 9000) : 120;
  const time = new Date(timeMs).toISOString().replace(/\.\d+Z/, '+00:00');
  return `{"time":"${time}","method":"POST","uri":"/v1/chat/completions","status":${code},"request_time":${seconds.toFixed(3)},"upstream_status":"${code}","upstream_connect_time":"0.002","upstream_header_time":"${upstream}","model":"${model}","stream":"${stream}","request_id":"${(id + 0x10000000).toString(16)}${(id * 7919 + 0x1000000).toString(16)}","remote_addr":"10.3.${id % 17}.${id % 251}","server_name":"llm-gateway.internal","bytes_sent":${length},"user_agent":"${AGENTS[id % AGENTS.length]}"}`;
}

const PIECE_CHARACTERS = 1024 * 1024;

/** Writes them to a file; answers with the number of lines and bytes. */
export async function writePastLog(file: string, options: PastLogOptions): Promise<{ lines: number; bytes: number }> {
  const out = createWriteStream(file);
  let piece = '';
  let lines = 0;
  let bytes = 0;
  for (const line of pastLines(options)) {
    piece += `${line}\n`;
    lines += 1;
    if (piece.length < PIECE_CHARACTERS) continue;
    bytes += piece.length;
    if (!out.write(piece)) await once(out, 'drain');
    piece = '';
  }
  bytes += piece.length;
  out.end(piece);
  await once(out, 'finish');
  return { lines, bytes };
}
