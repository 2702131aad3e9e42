import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { listenOn } from '../config/listen.ts';
import { providerSettings } from '../config/providers.ts';
import type { Config } from '../config/schema.ts';
import type { ListenAddress } from '../config/units.ts';
import type { EventSink, ProxySink, PushSink, WorkerSink } from '../event/sink.ts';
import type { Log } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { type ConfiguredProxy, createConfiguredProxy, type Environment, proxySettings } from './configured-proxy.ts';
import { createLogSources, readStream } from './log/sources.ts';
import type { WorkerSettings } from './proxy/workers/messages.ts';
import { WorkerPool } from './proxy/workers/pool.ts';
import { createPushReceiver, type PushReceiver } from './push/receiver.ts';
import { createSyslogSources } from './syslog/syslog-sources.ts';

/** Where the inputs that can go on from somewhere stand, as plain data for JSON. */
export interface SavedInputs {
  readonly logs?: unknown;
  readonly push?: unknown;
}

/** Everything that is watched: the proxied traffic, the followed logs, standard input, what is pushed and what comes by syslog. */
export interface Inputs {
  /** Begins; answers with the proxy's address, if there is one. Throws a ProblemError when an address or a token file cannot be had. */
  start(): Promise<ListenAddress | undefined>;
  /** Takes up a changed configuration; nothing under way is interrupted. */
  reconfigure(config: Config): void;
  /** Whether requests to the proxy find somebody; true where there is no proxy. */
  isServing(): boolean;
  /** Takes a request to push; the web server hands it over. */
  readonly receive: PushReceiver['receive'];
  /** What is saved in the same tick as the counters, so that both tell of the same lines. */
  readonly parts: Readonly<Record<keyof SavedInputs, { save(): unknown }>>;
  /** No new requests; resolves when the running ones have ended or `proxy.drain_timeout` has passed. */
  drain(): Promise<void>;
  /** Ends at once: nothing is counted once this has resolved. */
  close(): Promise<void>;
}

export interface InputsOptions {
  readonly config: Config;
  readonly sink: EventSink & ProxySink & PushSink & WorkerSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly stdin: Readable;
  /** What the parts saved in the run before. */
  readonly saved?: SavedInputs | undefined;
  /** Resolves when all that is counted by now outlives the process; at once where nothing is kept. */
  readonly durable?: (() => Promise<unknown>) | undefined;
  /** Where keys and forward proxies may be named. */
  readonly env?: Environment | undefined;
  /** File of this program, which is run once more for each worker of the proxy. */
  readonly program: string;
}

type ProxyConfig = NonNullable<Config['proxy']>;

const nothingKept = (): Promise<void> => Promise.resolve();

/** Throws a ProblemError for what a configuration that is sound in itself cannot be put to use with here. */
export function checkInputs({ proxy }: Config, env: Environment = process.env): void {
  try {
    if (proxy !== undefined) proxySettings(proxy, env);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError([{ code: 'config.environment', message: `the environment: ${why}` }], { cause });
  }
}

export function createInputs(options: InputsOptions): Inputs {
  const { config, stdin, saved = {}, durable = nothingKept, env = process.env, program, ...context } = options;
  let running = config;
  const proxy = createProxyInput(options);
  const logs = createLogSources({ ...context, saved: saved.logs });
  const push = createPushReceiver({ ...context, saved: saved.push, durable });
  const syslog = createSyslogSources(context);
  let input: { close(): void } | undefined;
  // Not only at the start: the web server listens before that.
  push.reconfigure(config.push);
  return {
    receive: push.receive,
    isServing: () => proxy?.isServing() ?? true,
    async start() {
      const address =
        config.proxy && proxy && (await listenOn('proxy.listen_address', config.proxy.listen_address, proxy));
      await syslog.start(config.syslog);
      logs.reconfigure(config.logs);
      input = config.stdin && readStream(stdin, config.stdin, context);
      return address;
    },
    reconfigure(next) {
      running = next;
      proxy?.reconfigure(next);
      logs.reconfigure(next.logs);
      push.reconfigure(next.push);
      // Sockets open and close in their own time; what cannot be opened is told in the log.
      void syslog.reconfigure(next.syslog);
    },
    parts: { logs, push },
    async drain() {
      await proxy?.drain(running.proxy?.drain_timeout ?? 0);
    },
    async close() {
      push.close();
      await proxy?.close();
      await syslog.close();
      logs.close();
      input?.close();
    },
  };
}

/** The proxy as inputs see it, in one process or in several. */
interface ProxyInput extends Omit<ConfiguredProxy, 'reconfigure'> {
  reconfigure(config: Config): void;
  isServing(): boolean;
}

function createProxyInput({
  config,
  env = process.env,
  program,
  sink,
  clock,
  log,
}: InputsOptions): ProxyInput | undefined {
  if (config.proxy === undefined) return undefined;
  if (config.proxy.workers === 1) {
    const proxy = createConfiguredProxy({ config: config.proxy, env, sink, clock, log });
    return { ...proxy, isServing: () => true, reconfigure: (next) => next.proxy && proxy.reconfigure(next.proxy) };
  }
  const pool = new WorkerPool({ settings: workerSettings(config, config.proxy), program, sink, clock, log });
  return {
    listen: (address) => pool.listen(address),
    isServing: () => pool.isServing,
    reconfigure: (next) => next.proxy && pool.reconfigure(workerSettings(next, next.proxy)),
    drain: (deadlineMs) => pool.drain(deadlineMs),
    close: () => pool.close(),
  };
}

function workerSettings(config: Config, proxy: ProxyConfig): WorkerSettings {
  const known = Object.entries(providerSettings(config)).flatMap(([name, { gatewayTimeoutSeconds: seconds }]) =>
    seconds === undefined ? [] : [[name, seconds] as const],
  );
  return { proxy, rulesFile: config.classify.rules_file, gatewayTimeouts: Object.fromEntries(known) };
}
