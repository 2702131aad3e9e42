import type { Clock } from '../../clock.ts';
import type { SyslogConfig } from '../../config/schema.ts';
import { type SocketAddress, socketText } from '../../config/units.ts';
import type { EventSink } from '../../event/sink.ts';
import type { Log } from '../../log.ts';
import { type Problem, ProblemError } from '../../problem.ts';
import { configuredParser } from '../configured-parser.ts';
import { errorCode } from '../log/path-look.ts';
import { listenTcp, listenUnix } from './stream-listener.ts';
import { createSyslogSource, type SyslogRules, type SyslogSource } from './syslog-source.ts';
import { listenUdp, type SyslogListener } from './udp-listener.ts';

/** Every address on which others log by syslog. */
export interface SyslogSources {
  /** Opens the addresses. Throws a ProblemError that tells of all those which cannot be had. */
  start(configs: readonly SyslogConfig[]): Promise<void>;
  /**
   * Takes up a changed configuration. An address that stays is never closed, whatever else changed of it: what came in between would be
   * lost. One that cannot be had is told in the log and as a source that is down; the next reload tries again.
   */
  reconfigure(configs: readonly SyslogConfig[]): Promise<void>;
  close(): Promise<void>;
}

export interface SyslogSourcesOptions {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Log;
}

/** An address, and what listens there; undefined where it could not be had. */
interface Entry {
  readonly address: string;
  name: string;
  readonly source: SyslogSource;
  listener: SyslogListener | undefined;
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EADDRNOTAVAIL: 'is no address of this machine',
  ENOTFOUND: 'has a host name that is not known',
};

/** What a refusal means depends on the address; of a path, libuv tells ENOENT as EACCES, too. */
const REFUSED: Readonly<Record<SocketAddress['kind'], string>> = {
  udp: 'may not be used by this user: ports below 1024 need a privilege',
  tcp: 'may not be used by this user: ports below 1024 need a privilege',
  unix: 'lies in a folder that does not exist or that this user may not write to',
};

export function createSyslogSources(context: SyslogSourcesOptions): SyslogSources {
  const { log } = context;
  let entries: readonly Entry[] = [];
  /** Whatever opens and closes sockets waits for what was begun before: two reloads may follow one another closely. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  }

  /** Resolves to what is wrong with the addresses that could not be opened. */
  async function apply(configs: readonly SyslogConfig[]): Promise<readonly Problem[]> {
    const wanted = new Set(configs.map(({ listen }) => socketText(listen)));
    for (const entry of entries) if (!wanted.has(entry.address)) await closeEntry(entry);
    const kept = new Map(entries.map((entry) => [entry.address, entry]));
    entries = configs.map((config) => {
      const entry = kept.get(socketText(config.listen));
      return entry === undefined ? createEntry(config, context) : readOn(entry, config, context);
    });
    const faults = await Promise.all(entries.map((entry, index) => openEntry(entry, configs[index], context)));
    return faults.flatMap((fault, index) =>
      fault === undefined ? [] : [{ code: 'config.listen', message: `syslog.${index}.listen: ${fault}` }],
    );
  }

  async function closeAll(): Promise<void> {
    await Promise.all(entries.map(closeEntry));
    entries = [];
  }

  return {
    start: (configs) =>
      inTurn(async () => {
        const problems = await apply(configs);
        if (problems.length === 0) return;
        await closeAll();
        throw new ProblemError(problems);
      }),
    reconfigure: (configs) =>
      inTurn(async () => {
        for (const { message } of await apply(configs)) log.error('syslog cannot listen', { problem: message });
      }),
    close: () => inTurn(closeAll),
  };
}

function createEntry(config: SyslogConfig, { sink, clock }: SyslogSourcesOptions): Entry {
  const name = nameOf(config);
  const source = createSyslogSource({ sink: sink.source(name), ...rulesOf(config, clock) });
  return { address: socketText(config.listen), name, source, listener: undefined };
}

/** Reads on under changed rules; a changed name is another source of lines, under which the next message counts. */
function readOn(entry: Entry, config: SyslogConfig, { sink, clock }: SyslogSourcesOptions): Entry {
  const name = nameOf(config);
  entry.source.reconfigure({ ...rulesOf(config, clock), ...(name !== entry.name && { sink: sink.source(name) }) });
  entry.name = name;
  return entry;
}

/** Opens the address unless it is open; the text says why it could not be had. */
async function openEntry(
  entry: Entry,
  config: SyslogConfig | undefined,
  { clock, log }: SyslogSourcesOptions,
): Promise<string | undefined> {
  if (entry.listener !== undefined || config === undefined) return undefined;
  try {
    entry.listener = await listen(config.listen, entry.source, clock);
  } catch (error) {
    entry.source.setUp(false);
    const code = errorCode(error);
    const why = code === 'EACCES' ? REFUSED[config.listen.kind] : LISTEN_FAULTS[code];
    return `${entry.address} ${why ?? `cannot be listened on: ${String(error)}`}`;
  }
  entry.source.setUp(true);
  log.info('syslog is listening', { address: socketText(withPort(config.listen, entry.listener.port)) });
  return undefined;
}

async function closeEntry({ listener, source }: Entry): Promise<void> {
  await listener?.close();
  source.close();
}

function listen(socket: SocketAddress, source: SyslogSource, clock: Clock): Promise<SyslogListener> {
  switch (socket.kind) {
    case 'udp':
      return listenUdp(socket.address, source, clock);
    case 'tcp':
      return listenTcp(socket.address, source);
    case 'unix':
      return listenUnix(socket.path, source);
    default:
      return socket satisfies never;
  }
}

function withPort(socket: SocketAddress, port: number | undefined): SocketAddress {
  if (socket.kind === 'unix' || port === undefined) return socket;
  return { kind: socket.kind, address: { ...socket.address, port } };
}

function nameOf({ source, listen }: SyslogConfig): string {
  return source ?? socketText(listen);
}

function rulesOf(config: SyslogConfig, clock: Clock): Omit<SyslogRules, 'sink'> {
  return { parserFor: (sink) => configuredParser(config, clock, sink), maxLineBytes: config.max_line };
}
