import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type Problem, ProblemError } from '../problem.ts';
import { schemaProblems } from '../schema-problems.ts';
import { inFileOrder, type Path, type Place, readYaml, readYamlFile, type YamlSource } from '../yaml-source.ts';
import { type Config, configSchema, type LogConfig } from './schema.ts';

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
}: {
  readonly file?: string | undefined;
  readonly overrides?: readonly Override[];
}): Config {
  const source =
    file === undefined ? readYaml('', { file: 'command line', prefix: 'config' }) : readYamlFile(file, 'config');
  const value = withOverrides(source.value, overrides);
  const result = configSchema.safeParse(value);
  const found = result.success
    ? findContradictions(result.data, source)
    : schemaProblems(result.error, {
        prefix: 'config',
        name: 'configuration',
        value,
        placeOf: (path) => placeOf(path, source, overrides),
      });
  const problems = inFileOrder(source.problems, found);
  if (problems.length > 0 || !result.success) throw new ProblemError(problems);
  return withResolvedPaths(result.data, dirname(file ?? '.'));
}

/** A file that the configuration names beside itself is found wherever the exporter was started. */
function withResolvedPaths(config: Config, dir: string): Config {
  const file = config.classify.rules_file;
  return file === undefined || isAbsolute(file) ? config : { ...config, classify: { rules_file: join(dir, file) } };
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
function findContradictions(config: Config, source: YamlSource): Problem[] {
  if (config.proxy === undefined && config.logs.length === 0 && config.stdin === undefined) {
    const message = 'nothing to watch: it needs a proxy with an upstream, a log file or stdin';
    return [{ code: 'config.no_input', file: source.file, message }];
  }
  return [
    ...upstreamContradictions(config, source),
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

function upstreamContradictions({ proxy }: Config, source: YamlSource): Problem[] {
  if (proxy === undefined || (proxy.upstream === undefined) !== (proxy.upstreams.length === 0)) return [];
  const message =
    proxy.upstream === undefined
      ? 'proxy: needs upstream, the URL of an API such as https://api.novita.ai, or a list of upstreams'
      : 'proxy: has both upstream and upstreams: it is one or the other';
  return [{ code: 'config.upstreams', ...source.placeOf(['proxy']), message }];
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
