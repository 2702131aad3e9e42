import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Problem } from '../problem.ts';
import type { Path, YamlSource } from '../yaml-source.ts';
import { alertFaults } from './alert-faults.ts';
import { proxyContradictions } from './proxy/contradictions.ts';
import { type Environment, proxyFileProblems } from './proxy/files.ts';
import { keyFileProblems } from './proxy/priority-files.ts';
import type { Config, ProxyConfig } from './schema.ts';
import { addressText, overlap, socketText } from './units.ts';

/** Faults that no single field shows; `needsInput` where it is to be served. */
export function findContradictions(
  config: Config,
  source: YamlSource,
  { env, needsInput }: { readonly env: Environment; readonly needsInput: boolean },
): Problem[] {
  const { proxy, logs, stdin, push, syslog } = config;
  if (
    needsInput &&
    proxy === undefined &&
    stdin === undefined &&
    push === undefined &&
    logs.length + syslog.length === 0
  ) {
    const message = 'nothing to watch: it needs a proxy with an upstream, a log file, stdin, push or syslog';
    return [{ code: 'config.no_input', file: source.file, message }];
  }
  const faults = [
    ...sourceFaults(config),
    ...fileFaults(config),
    ...listenFaults(config),
    ...tokenFaults(config),
    ...formatFaults(config),
    ...alertFaults(config.alerts),
  ].map(({ code, path, message }) => ({ code, ...source.placeOf(path), message: `${path.join('.')}: ${message}` }));
  return [...(proxy === undefined ? [] : proxyProblems(proxy, source, env)), ...faults];
}

/** Which upstream a setting belongs to must be clear before its files are looked at. */
function proxyProblems(proxy: ProxyConfig, source: YamlSource, env: Environment): Problem[] {
  const contradictions = proxyContradictions(proxy, source);
  const isClear = (proxy.upstream === undefined) !== (proxy.upstreams.length === 0);
  return [
    ...contradictions,
    ...(isClear ? proxyFileProblems(proxy, source, env) : []),
    ...keyFileProblems(proxy, source),
  ];
}

interface Fault {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
}

/** What something is known by, and where it is written. */
interface Named {
  readonly path: Path;
  readonly value: string;
}

/** Lines of two sources under one label could not be told apart, and would not add up. */
function sourceFaults({ logs, stdin, push, syslog }: Config): Fault[] {
  const named: Named[] = [
    ...(stdin === undefined ? [] : [{ path: ['stdin'], value: 'stdin' }]),
    ...(push === undefined ? [] : [{ path: ['push'], value: 'push' }]),
    ...logs.map(({ source, file }, index) => ({ path: ['logs', index], value: source ?? file })),
    ...syslog.map(({ source, listen }, index) => ({ path: ['syslog', index], value: source ?? socketText(listen) })),
  ];
  return repeated(named).map(({ path, value }) => ({
    code: 'config.duplicate_source',
    path,
    message: `a source named "${value}" is there already`,
  }));
}

function fileFaults({ logs }: Config): Fault[] {
  return repeated(logs.map(({ file }, index) => ({ path: ['logs', index], value: resolve(file) }))).map(
    ({ path, value }) => ({
      code: 'config.duplicate_file',
      path,
      message: `the file "${value}" is followed already: its requests would count twice`,
    }),
  );
}

function listenFaults({ proxy, web, syslog }: Config): Fault[] {
  const isTaken = proxy !== undefined && overlap(proxy.listen_address, web.listen_address);
  const message = `${addressText(web.listen_address)} is where the proxy listens (proxy.listen_address)`;
  const twice = isTaken ? [{ code: 'config.duplicate_listen', path: ['web', 'listen_address'], message }] : [];
  const sockets = repeated(
    syslog.map(({ listen }, index) => ({ path: ['syslog', index], value: socketText(listen) })),
  ).map(({ path, value }) => ({ code: 'config.duplicate_listen', path, message: `${value} is listened on already` }));
  return [...twice, ...sockets];
}

/** Whoever may push may make up requests, so nobody may by accident. */
function tokenFaults({ push }: Config): Fault[] {
  if (push === undefined) return [];
  if ((push.token_file !== undefined) !== push.allow_anonymous) return tokenFileFaults(push.token_file);
  const message = push.allow_anonymous
    ? 'token_file and allow_anonymous exclude each other'
    : 'needs token_file, or allow_anonymous: true where everyone who reaches the web address may push';
  return [{ code: 'config.push_token', path: ['push'], message }];
}

/** Without a token in it everyone would be turned away. */
function tokenFileFaults(file: string | undefined): Fault[] {
  if (file === undefined) return [];
  const fault = (why: string) => [
    { code: 'config.file', path: ['push', 'token_file'], message: `"${file}" holds no token: ${why}` },
  ];
  try {
    return readFileSync(file, 'utf8').trim() === '' ? fault('it is empty') : [];
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error));
  }
}

/** A log_format beside another format would be passed over in silence. */
function formatFaults({ logs, stdin, push, syslog }: Config): Fault[] {
  const all = [
    ...logs.map((lines, index) => ({ path: ['logs', index], lines })),
    ...(stdin === undefined ? [] : [{ path: ['stdin'], lines: stdin }]),
    ...(push === undefined ? [] : [{ path: ['push'], lines: push }]),
    ...syslog.map((lines, index) => ({ path: ['syslog', index], lines })),
  ];
  return all
    .filter(({ lines }) => lines.log_format !== undefined && lines.format !== 'nginx' && lines.format !== 'auto')
    .map(({ path, lines }) => ({
      code: 'config.log_format',
      path: [...path, 'log_format'],
      message: `is only read with format: nginx, and the format is ${lines.format}`,
    }));
}

/** Those that say the same as one before them. */
function repeated(all: readonly Named[]): readonly Named[] {
  const values = all.map(({ value }) => value);
  return all.filter(({ value }, index) => values.indexOf(value) < index);
}
