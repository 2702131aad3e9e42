import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type HttpProgram, startHttpProgram } from '../../src/demo/program/http-program.ts';
import { debianProgram } from '../../src/demo/programs.ts';

/**
 * What a proxied request costs: processor time of the proxy process per request and per chunk of a stream, ours beside
 * nginx's, which counts nothing. Both stand before the same upstream and get the same requests, in turn; the medians
 * and the ratio are printed. Only ratios mean something: machines differ.
 */
const ROUNDS = 7;
const CONCURRENCY = 32;
const REQUESTS = 4000;
const STREAMS = 200;
const CHUNKS_PER_STREAM = 100;
/** Linux counts processor time of a process in hundredths of a second: proc(5), sysconf(_SC_CLK_TCK). */
const TICK_US = 10_000;

interface Peer {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-bench-'));
const upstream = await node('upstream', (port) => ['test/bench/upstream.ts', String(port)]);
const peers = [await startOurs(upstream.url), await startNginx(upstream.url)];
try {
  report('request', 1, await measure(peers, { count: REQUESTS, stream: false }));
  report('chunk of a stream', CHUNKS_PER_STREAM, await measure(peers, { count: STREAMS, stream: true }));
  for (const { name, pid } of peers) print(`${name}: ${Math.round(rssKiB(pid) / 1024)} MiB resident\n`);
} finally {
  for (const { stop } of [...peers, upstream]) await stop();
  await rm(folder, { recursive: true });
}

interface Load {
  readonly count: number;
  readonly stream: boolean;
}

/** Processor microseconds per request, by peer, one figure a round. */
async function measure(all: readonly Peer[], load: Load): Promise<Map<string, number[]>> {
  const figures = new Map(all.map(({ name }) => [name, [] as number[]]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const { name, url, pid } of all) {
      const before = cpuUs(pid);
      await drive(url, load);
      // The first round warms up.
      if (round >= 0) figures.get(name)?.push((cpuUs(pid) - before) / load.count);
    }
  }
  return figures;
}

async function drive(url: string, { count, stream }: Load): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(500) }], stream });
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send(url, agent, body);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  agent.destroy();
}

function send(url: string, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: 'Bearer k',
    };
    const call = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      response.on('error', reject).on('end', resolve).resume();
    });
    call.on('error', reject).end(body);
  });
}

function report(what: string, pieces: number, figures: ReadonlyMap<string, readonly number[]>): void {
  const medians = [...figures].map(([name, values]) => ({ name, us: median(values) / pieces }));
  const [ours, nginx] = medians;
  for (const { name, us } of medians) print(`${name}: ${us.toFixed(1)} µs of processor time per ${what}\n`);
  if (ours !== undefined && nginx !== undefined) print(`ratio: ${(ours.us / nginx.us).toFixed(2)}\n\n`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** User and system time of a process, from fields 14 and 15 of its stat file. */
function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function rssKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function startOurs(upstreamUrl: string): Promise<Peer> {
  const web = await freePort();
  return {
    ...(await node('llm-exporter', (port) => [
      'src/main.ts',
      'serve',
      `--upstream=${upstreamUrl}`,
      `--proxy.listen-address=127.0.0.1:${port}`,
      `--web.listen-address=127.0.0.1:${web}`,
      '--state.sync=off',
    ])),
    name: 'llm-exporter',
  };
}

async function startNginx(upstreamUrl: string): Promise<Peer> {
  const config = join(folder, 'nginx.conf');
  const program = await startHttpProgram({
    name: 'nginx',
    command: await debianProgram('nginx'),
    readyPath: '/v1/models',
    args: async (port) => {
      await writeFile(config, nginxConfig(port, new URL(upstreamUrl).host));
      return ['-p', folder, '-c', config, '-e', 'stderr'];
    },
  });
  return { ...withPid(program), name: 'nginx' };
}

/** One process, connections to the upstream kept, nothing logged: nginx at its cheapest. */
function nginxConfig(port: number, upstreamHost: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  return `
daemon off; master_process off; pid nginx.pid; error_log stderr warn; events {}
http {
  access_log off; ${temporary.join(' ')} keepalive_requests 1000000;
  upstream api { server ${upstreamHost}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`;
}

async function node(name: string, args: (port: number) => readonly string[]): Promise<Peer> {
  const program = await startHttpProgram({
    name,
    command: process.execPath,
    readyPath: '/v1/models',
    args: async (port) => args(port),
  });
  return { ...withPid(program), name };
}

function withPid({ url, pid, stop }: HttpProgram): Omit<Peer, 'name'> {
  if (pid === undefined) throw new Error('the program did not start');
  return { url, pid, stop };
}

function print(text: string): void {
  process.stdout.write(text);
}
