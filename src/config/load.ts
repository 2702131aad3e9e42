import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type Problem, ProblemError } from '../problem.ts';
import { schemaProblems } from '../schema-problems.ts';
import { inFileOrder, type Path, type Place, readYaml, readYamlFile, type YamlSource } from '../yaml-source.ts';
import { proxyContradictions } from './proxy/contradictions.ts';
import { type Environment, proxyFileProblems, withResolvedFiles } from './proxy/files.ts';
import { keyFileProblems, withResolvedKeyFiles } from './proxy/priority-files.ts';
import { type Config, configSchema, type LogConfig, type ProxyConfig } from './schema.ts';

/** A value given on the command line: it overrides the file, and problems with it name the flag. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
  readonly flag: string;
}

/**
 * The configuration from a file (if any) and flags. Throws a ProblemError that carries every fault at once, each with
 * the place it stands at.
 */
export function loadConfig({
  file,
  overrides = [],
  env = process.env,
}: {
  readonly file?: string | undefined;
  readonly overrides?: readonly Override[];
  /** Where keys may be. */
  readonly env?: Environment;
}): Config {
  const source =
    file === undefined ? readYaml('', { file: 'command line', prefix: 'config' }) : readYamlFile(file, 'config');
  const value = withOverrides(source.value, overrides);
  const dir = dirname(file ?? '.');
  const result = configSchema.safeParse(value);
  const found = result.success
    ? findContradictions(withResolvedPaths(result.data, dir), source, env)
    : schemaProblems(result.error, {
        prefix: 'config',
        name: 'configuration',
        value,
        placeOf: (path) => placeOf(path, source, overrides),
      });
  const problems = inFileOrder(source.problems, found);
  if (problems.length > 0 || !result.success) throw new ProblemError(problems);
  return withResolvedPaths(result.data, dir);
}

/** A file that the configuration names beside itself is found wherever the exporter was started. */
function withResolvedPaths(config: Config, dir: string): Config {
  const file = config.classify.rules_file;
  const proxy = config.proxy && withResolvedFiles(withResolvedKeyFiles(config.proxy, dir), dir);
  const rules_file = file === undefined || isAbsolute(file) ? file : join(dir, file);
  return { ...config, proxy, classify: { ...config.classify, rules_file } };
}

function withOverrides(raw: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((result, { path, value }) => setIn(result, path, value), raw);
}

function setIn(target: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof key === 'number') {
    const items: unknown[] = Array.isArray(target) ? [...target] : [];
    items[key] = setIn(items[key], rest, value);
    return items;
  }
  // Anything but a map here is a fault of the file; the flag replaces it.
  const fields = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  return { ...fields, [key]: setIn((fields as Record<string, unknown>)[key], rest, value) };
}

/** Where a setting stands: the flag that gave it, or its place in the file. */
function placeOf(path: Path, source: YamlSource, overrides: readonly Override[]): Place {
  const override = overrides.find(({ path: given }) =>
    path.every((key, index) => index >= given.length || key === given[index]),
  );
  return override === undefined ? source.placeOf(path) : { file: override.flag };
}

/** Faults that no single field shows. */
function findContradictions(config: Config, source: YamlSource, env: Environment): Problem[] {
  if (config.proxy === undefined && config.logs.length === 0 && config.stdin === undefined) {
    const message = 'nothing to watch: it needs a proxy with an upstream, a log file or stdin';
    return [{ code: 'config.no_input', file: source.file, message }];
  }
  return [
    ...(config.proxy === undefined ? [] : proxyProblems(config.proxy, source, env)),
    ...(config.proxy === undefined ? [] : keyFileProblems(config.proxy, source)),
    ...duplicates(config, ({ source, file }) => source ?? file, config.stdin && 'stdin').map(({ index, value }) => ({
      code: 'config.duplicate_source',
      ...source.placeOf(['logs', index]),
      message: `logs.${index}: a source named "${value}" is there already`,
    })),
    ...duplicates(config, ({ file }) => resolve(file)).map(({ index, value }) => ({
      code: 'config.duplicate_file',
      ...source.placeOf(['logs', index]),
      message: `logs.${index}: the file "${value}" is followed already: its requests would count twice`,
    })),
  ];
}

/** Which upstream a setting belongs to must be clear before its files are looked at. */
function proxyProblems(proxy: ProxyConfig, source: YamlSource, env: Environment): Problem[] {
  const contradictions = proxyContradictions(proxy, source);
  const isClear = (proxy.upstream === undefined) !== (proxy.upstreams.length === 0);
  return isClear ? [...contradictions, ...proxyFileProblems(proxy, source, env)] : contradictions;
}

/** The logs that say the same as one before them, or as `taken`. */
function duplicates(
  { logs }: Config,
  read: (log: LogConfig) => string,
  taken?: string,
): { readonly index: number; readonly value: string }[] {
  const values = logs.map(read);
  return values.flatMap((value, index) => (value === taken || values.indexOf(value) < index ? [{ index, value }] : []));
}
