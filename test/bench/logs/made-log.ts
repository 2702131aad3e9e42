import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { between, createRandom, type Random } from '../../../src/simulate/random.ts';

/** One request of the made-up traffic, in the forms that a log writes. */
interface Line {
  readonly time: Date;
  readonly address: string;
  readonly model: string;
  readonly code: number;
  readonly seconds: string;
  readonly stream: boolean;
  readonly path: string;
  readonly id: string;
  readonly agent: string;
  readonly bytes: number;
}

/** A piece of a log whose content is known. */
export interface MadePart {
  readonly path: string;
  readonly lines: number;
  readonly bytes: number;
}

/** A log in two parts: the second goes on where the first ends. */
export interface MadeLog {
  readonly first: MadePart;
  readonly rest: MadePart;
  /** Requests of both by `model code`. */
  readonly requests: ReadonlyMap<string, number>;
}

/** How a line is written. */
export type WriteLine = (line: Line) => string;

const MODELS = [
  ...['deepseek/deepseek-v3', 'deepseek/deepseek-r1', 'meta-llama/llama-3.3-70b-instruct', 'qwen/qwen3-235b-a22b'],
  ...['qwen/qwen2.5-vl-72b-instruct', 'mistralai/mistral-nemo', 'google/gemma-3-27b-it', 'moonshotai/kimi-k2'],
  ...['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'text-embedding-3-small'],
];
const AGENTS = [
  'OpenAI/Python 1.61.0',
  'AsyncOpenAI/Python 1.99.9',
  'OpenAI/JS 5.12.2',
  'Anthropic/Python 0.64.0',
  'python-requests/2.32.3',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
];
const LINES_PER_SECOND = 40;
const START = Date.UTC(2026, 8, 2);
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Writes traffic of at least so many bytes, the same each time: about 1 % 503, 2 % 429, some 499, 504 and 500. */
export function makeLog(
  folder: string,
  bytes: { readonly first: number; readonly rest: number },
  write: WriteLine,
): MadeLog {
  const random = createRandom(20260902);
  const requests = new Map<string, number>();
  let written = 0;
  const next = (): string => {
    const line = makeLine(random, START + Math.floor(written / LINES_PER_SECOND) * 1000);
    const key = `${line.model} ${line.code}`;
    requests.set(key, (requests.get(key) ?? 0) + 1);
    written += 1;
    return `${write(line)}\n`;
  };
  const first = writePart(join(folder, 'first.log'), bytes.first, next);
  return { first, rest: writePart(join(folder, 'rest.log'), bytes.rest, next), requests };
}

function writePart(path: string, size: number, next: () => string): MadePart {
  const file = openSync(path, 'w');
  let lines = 0;
  let bytes = 0;
  while (bytes < size) {
    const chunk: string[] = [];
    for (let length = 0; length < Math.min(CHUNK_BYTES, size - bytes); length += chunk.at(-1)?.length ?? 0) {
      chunk.push(next());
      lines += 1;
    }
    bytes += writeSync(file, chunk.join(''));
  }
  closeSync(file);
  return { path, lines, bytes };
}

function makeLine(random: Random, timeMs: number): Line {
  const code = codeOf(random());
  const model = MODELS[Math.floor(random() ** 2 * MODELS.length)] ?? 'gpt-4o';
  return {
    time: new Date(timeMs),
    address: `10.${between(random, 0, 3)}.${between(random, 0, 255)}.${between(random, 1, 254)}`,
    model,
    code,
    seconds: secondsOf(random, code).toFixed(3),
    stream: random() < 0.5,
    path: model.startsWith('text-embedding') ? '/v1/embeddings' : '/v1/chat/completions',
    id: Array.from({ length: 4 }, () => between(random, 0, 0xffffffff).toString(16).padStart(8, '0')).join(''),
    agent: AGENTS[Math.floor(random() * AGENTS.length)] ?? '-',
    bytes: between(random, 150, 40_000),
  };
}

function codeOf(share: number): number {
  if (share < 0.96) return 200;
  if (share < 0.98) return 429;
  if (share < 0.99) return 503;
  if (share < 0.994) return 499;
  return share < 0.998 ? 504 : 500;
}

function secondsOf(random: Random, code: number): number {
  if (code === 504) return 60 + random() / 50;
  if (code === 429 || code === 503) return 0.005 + random() / 10;
  return 0.15 * 200 ** random();
}

/** A JSON access log of nginx, as deploy/nginx/llm-log.conf and common examples write one together. */
export function nginxJson({ time, address, model, code, seconds, stream, path, id, agent, bytes }: Line): string {
  const header = code === 504 ? '-' : seconds;
  const upstream = code === 499 ? '-' : String(code);
  return (
    `{"time":"${isoSeconds(time)}","remote_addr":"${address}","method":"POST","uri":"${path}","status":${code},` +
    `"bytes_sent":${bytes},"request_time":${seconds},"upstream_status":"${upstream}","upstream_connect_time":"0.002",` +
    `"upstream_header_time":"${header}","model":"${model}","stream":"${stream}","request_id":"${id}",` +
    `"http_user_agent":"${agent}","server_name":"llm.example.com"}`
  );
}

/** The names of the log_format below, for the exporter's configuration. */
export const NGINX_TEXT_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  '$request_time "$http_x_model" $request_id';

/** nginx's combined format with what it lacks at the end: duration, model and id. */
export function nginxText({ time, address, model, code, seconds, path, id, agent, bytes }: Line): string {
  return (
    `${address} - - [${commonTime(time)}] "POST ${path} HTTP/1.1" ${code} ${bytes} "-" "${agent}" ` +
    `${seconds} "${model}" ${id}`
  );
}

function isoSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}+00:00`;
}

/** `02/Sep/2026:00:31:44 +0000` */
function commonTime(time: Date): string {
  const [, day, month, year, clock] = time.toUTCString().split(' ');
  return `${day}/${month}/${year}:${clock} +0000`;
}
