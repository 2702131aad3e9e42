import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HttpProgram, startHttpProgram } from '../../../src/demo/program/http-program.ts';
import { debianProgram } from '../../../src/demo/programs.ts';
import { portkeyProgram } from './portkey.ts';

/** A program in front of the upstream, in a process of its own. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** What a request needs beside what an API asks for. */
  readonly headers: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface PeerOptions {
  readonly upstreamUrl: string;
  /** For configuration files. */
  readonly folder: string;
}

/** More than there will be: what a process may have open is the bound. */
const CONNECTIONS = 50_000;

export async function startUpstream(): Promise<Peer> {
  return start('upstream', {
    readyPath: '/v1/models',
    command: process.execPath,
    args: async (port) => ['test/bench/upstream.ts', String(port)],
  });
}

/** Ours as it comes, with nothing on disk: a disk's own pace is no part of this. */
export async function startOurs({ upstreamUrl }: PeerOptions): Promise<Peer> {
  return start('llm-exporter', {
    readyPath: '/v1/models',
    command: process.execPath,
    args: async (port) => [
      ...[...(await startArguments()), `--upstream=${upstreamUrl}`, '--state.sync=off'],
      ...[`--proxy.listen-address=127.0.0.1:${port}`, '--web.listen-address=127.0.0.1:0'],
    ],
  });
}

/** As `npm start` has them. */
async function startArguments(): Promise<readonly string[]> {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8'));
  return scripts.start.split(' ').slice(1);
}

/** One process, connections to the upstream kept, nothing logged: nginx at its cheapest. */
export async function startNginx({ upstreamUrl, folder }: PeerOptions): Promise<Peer> {
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  const text = (port: number) => `
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections ${CONNECTIONS}; }
http {
  access_log off; ${temporary.join(' ')} keepalive_requests 1000000;
  upstream api { server ${new URL(upstreamUrl).host}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
  return start('nginx', {
    readyPath: '/v1/models',
    command: await debianProgram('nginx'),
    args: async (port) => {
      await writeFile(config, text(port));
      return ['-p', folder, '-c', config, '-e', 'stderr'];
    },
  });
}

/** One thread, connections to the upstream shared, nothing logged. */
export async function startHaproxy({ upstreamUrl, folder }: PeerOptions): Promise<Peer> {
  const config = join(folder, 'haproxy.cfg');
  const text = (port: number) => `
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 10s
  timeout client 600s
  timeout server 600s
listen api
  bind 127.0.0.1:${port}
  server api ${new URL(upstreamUrl).host}
`;
  return start('haproxy', {
    readyPath: '/v1/models',
    command: await debianProgram('haproxy'),
    args: async (port) => {
      await writeFile(config, text(port));
      return ['-db', '-f', config];
    },
  });
}

/** The gateway of the same kind that runs on Node, too. It must be told that it may talk to this machine. */
export async function startPortkey({ upstreamUrl }: PeerOptions): Promise<Peer> {
  const program = await portkeyProgram();
  const peer = await start('portkey', {
    readyPath: '/',
    command: 'env',
    args: async (port) => ['TRUSTED_CUSTOM_HOSTS=127.0.0.1', process.execPath, program, `--port=${port}`, '--headless'],
  });
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstreamUrl}/v1` };
  return { ...peer, headers };
}

async function start(name: string, program: Omit<Parameters<typeof startHttpProgram>[0], 'name'>): Promise<Peer> {
  return withPid(name, await startHttpProgram({ name, ...program }));
}

function withPid(name: string, { url, pid, stop }: HttpProgram): Peer {
  if (pid === undefined) throw new Error(`${name} did not start`);
  return { name, url, pid, headers: {}, stop };
}
