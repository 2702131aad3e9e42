import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { listenOn } from '../config/listen.ts';
import type { Config } from '../config/schema.ts';
import type { ListenAddress } from '../config/units.ts';
import type { EventSink } from '../event/sink.ts';
import type { Log } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { createLogSources, readStream } from './log/sources.ts';
import { createProxy, type ProxySettings, type ProxyTimeouts } from './proxy/proxy.ts';
import { routeSpecs } from './proxy/routing/specs.ts';

/** Everything that is watched: the proxied traffic, the followed logs, standard input. */
export interface Inputs {
  /** Begins; answers with the proxy's address, if there is one. Throws a ProblemError when it cannot be had. */
  start(): Promise<ListenAddress | undefined>;
  /** Takes up a changed configuration; nothing under way is interrupted. */
  reconfigure(config: Config): void;
  /** No new requests; resolves when the running ones have ended or `proxy.drain_timeout` has passed. */
  drain(): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
}

export interface InputsOptions {
  readonly config: Config;
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly stdin: Readable;
  /** Where keys and forward proxies may be named. */
  readonly env?: Environment | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

type ProxyConfig = NonNullable<Config['proxy']>;

/** Throws a ProblemError for what a configuration that is sound in itself cannot be put to use with here. */
export function checkInputs({ proxy }: Config, env: Environment = process.env): void {
  try {
    if (proxy !== undefined) settingsOf(proxy, env);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError([{ code: 'config.environment', message: `the environment: ${why}` }], { cause });
  }
}

export function createInputs({ config, stdin, env = process.env, ...context }: InputsOptions): Inputs {
  let running = config;
  const proxy =
    config.proxy && createProxy({ ...settingsOf(config.proxy, env), timeouts: timeoutsOf(config.proxy), ...context });
  const logs = createLogSources(context);
  let input: { close(): void } | undefined;
  return {
    async start() {
      const address =
        config.proxy && proxy && (await listenOn('proxy.listen_address', config.proxy.listen_address, proxy));
      logs.reconfigure(config.logs);
      input = config.stdin && readStream(stdin, config.stdin, context);
      return address;
    },
    reconfigure(next) {
      running = next;
      if (next.proxy !== undefined) proxy?.reconfigure(settingsOf(next.proxy, env));
      logs.reconfigure(next.logs);
    },
    async drain() {
      await proxy?.drain(running.proxy?.drain_timeout ?? 0);
    },
    async close() {
      await proxy?.close();
      logs.close();
      input?.close();
    },
  };
}

function settingsOf(proxy: ProxyConfig, env: Environment): ProxySettings {
  return {
    upstreams: routeSpecs(proxy, env),
    maxRequestBytes: proxy.max_request,
    maxConnections: proxy.max_connections,
    hasCauseHeader: proxy.cause_header,
    tls: proxy.tls && { cert: readFileSync(proxy.tls.cert_file), key: readFileSync(proxy.tls.key_file) },
  };
}

function timeoutsOf({ timeouts: { connect, headers, idle, total, request } }: ProxyConfig): ProxyTimeouts {
  return { connectMs: connect, headersMs: headers, idleMs: idle, totalMs: total, requestMs: request };
}
