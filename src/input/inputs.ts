import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { listenOn } from '../config/listen.ts';
import { upstreamsOf } from '../config/providers.ts';
import type { Config } from '../config/schema.ts';
import type { ListenAddress } from '../config/units.ts';
import type { EventSink } from '../event/sink.ts';
import type { Log } from '../log.ts';
import { createLogSources, readStream } from './log/sources.ts';
import { createProxy } from './proxy/proxy.ts';

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
}

type ProxyConfig = NonNullable<Config['proxy']>;

export function createInputs({ config, stdin, ...context }: InputsOptions): Inputs {
  let running = config;
  const proxy = config.proxy && createProxy({ ...proxyOptions(config.proxy), ...context });
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
      if (next.proxy !== undefined) proxy?.reconfigure(proxyTarget(next.proxy));
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

function proxyTarget(proxy: ProxyConfig) {
  const [upstream] = upstreamsOf(proxy);
  if (upstream === undefined) throw new Error('a proxy has an upstream: the configuration was checked');
  return { url: upstream.url, provider: upstream.provider };
}

function proxyOptions(proxy: ProxyConfig) {
  const { connect, headers, idle } = proxy.timeouts;
  return { upstream: proxyTarget(proxy), timeouts: { connectMs: connect, headersMs: headers, idleMs: idle } };
}
