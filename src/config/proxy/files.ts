import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Problem } from '../../problem.ts';
import type { Path, YamlSource } from '../../yaml-source.ts';
import type { ProxyConfig } from '../schema.ts';
import { keyIn, readKeyFile } from './api-key.ts';
import { type PlacedUpstream, placedUpstreams } from './placed.ts';

/** The environment, as far as a configuration names its variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

type TlsFiles = NonNullable<ProxyConfig['upstream_tls']>;

/** Files that are named beside the configuration are found wherever the exporter was started. */
export function withResolvedFiles(proxy: ProxyConfig, dir: string): ProxyConfig {
  const at = <T extends string | undefined>(file: T) =>
    file === undefined || isAbsolute(file) ? file : join(dir, file);
  const ofTls = (tls: TlsFiles | undefined) =>
    tls && { ca_file: at(tls.ca_file), cert_file: at(tls.cert_file), key_file: at(tls.key_file) };
  return {
    ...proxy,
    tls: proxy.tls && { cert_file: at(proxy.tls.cert_file), key_file: at(proxy.tls.key_file) },
    upstream_tls: ofTls(proxy.upstream_tls),
    api_key_file: at(proxy.api_key_file),
    upstreams: proxy.upstreams.map((upstream) => ({
      ...upstream,
      tls: ofTls(upstream.tls),
      api_key_file: at(upstream.api_key_file),
    })),
  };
}

/** Files and variables that a proxy names and that are of no use. No message quotes what is in them. */
export function proxyFileProblems(
  proxy: ProxyConfig,
  { placeOf }: Pick<YamlSource, 'placeOf'>,
  env: Environment,
): Problem[] {
  const problem = (path: Path, message: string): Problem => {
    return { code: 'config.file', ...placeOf(path), message: `${path.join('.')}: ${message}` };
  };
  const upstreams = placedUpstreams(proxy);
  return [
    ...(proxy.tls === undefined ? [] : tlsFaults(proxy.tls, ['proxy', 'tls'])),
    ...upstreams.flatMap(({ upstream, tlsPath }) =>
      upstream.tls === undefined ? [] : tlsFaults(upstream.tls, tlsPath),
    ),
    ...upstreams.flatMap((placed) => keyFaults(placed, env)),
  ].map(({ path, message }) => problem(path, message));
}

interface Fault {
  readonly path: Path;
  readonly message: string;
}

function keyFaults({ upstream, path }: PlacedUpstream, env: Environment): Fault[] {
  const { api_key_file: file, api_key_env: name } = upstream;
  return [
    ...faultOf(file, [...path, 'api_key_file'], readKeyFile),
    ...faultOf(name, [...path, 'api_key_env'], (variable) => keyOf(variable, env)),
  ];
}

function keyOf(variable: string, env: Environment): string {
  const text = env[variable];
  if (text === undefined) throw new Error('is not set in the environment');
  return keyIn(text);
}

/** What is wrong with a setting, by trying it; `fault` says what it means when that fails in a library. */
function faultOf<T extends string>(value: T | undefined, path: Path, attempt: (value: T) => void, fault = ''): Fault[] {
  if (value === undefined) return [];
  try {
    attempt(value);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isOfSystem = error instanceof Error && 'syscall' in error;
    return [{ path, message: `"${value}" ${isOfSystem ? 'cannot be read: ' : fault}${why}` }];
  }
}

/** Each file that cannot be read, or else what is wrong with what they hold. */
function tlsFaults(files: TlsFiles, path: Path): Fault[] {
  const { ca_file: ca, cert_file: cert, key_file: key } = files;
  const unreadable = Object.entries(files).flatMap(([name, file]) => faultOf(file, [...path, name], readFileSync));
  if (unreadable.length > 0) return unreadable;
  if ((cert === undefined) !== (key === undefined)) {
    return [{ path, message: 'needs both cert_file and key_file, or neither' }];
  }
  return [
    ...faultOf(
      ca,
      [...path, 'ca_file'],
      (file) => new X509Certificate(readFileSync(file)),
      'holds no certificate in PEM: ',
    ),
    ...faultOf(cert, [...path, 'cert_file'], (file) => checkPair(file, key), 'is of no use with its key: '),
  ];
}

/** Throws OpenSSL's error. No authorities: to read those of the system takes a while. */
function checkPair(cert: string, key: string | undefined): void {
  createSecureContext({ ca: [], cert: readFileSync(cert), key: key === undefined ? undefined : readFileSync(key) });
}
