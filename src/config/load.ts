import { dirname, isAbsolute, join } from 'node:path';
import { ProblemError } from '../problem.ts';
import { schemaProblems } from '../schema-problems.ts';
import { inFileOrder, type Path, type Place, readYaml, readYamlFile, type YamlSource } from '../yaml-source.ts';
import { findContradictions } from './contradictions.ts';
import { type Environment, withResolvedFiles } from './proxy/files.ts';
import { withResolvedKeyFiles } from './proxy/priority-files.ts';
import { type Config, configSchema } from './schema.ts';

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
  needsInput = true,
}: {
  readonly file?: string | undefined;
  readonly overrides?: readonly Override[];
  /** Where keys may be. */
  readonly env?: Environment;
  /** Whether a configuration that watches nothing is a fault. */
  readonly needsInput?: boolean;
}): Config {
  const source =
    file === undefined ? readYaml('', { file: 'command line', prefix: 'config' }) : readYamlFile(file, 'config');
  const value = withOverrides(source.value, overrides);
  const dir = dirname(file ?? '.');
  const result = configSchema.safeParse(value);
  const found = result.success
    ? findContradictions(
        withResolvedPaths(result.data, dir),
        { ...source, placeOf: (path) => placeOf(path, source, overrides) },
        { env, needsInput },
      )
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
  const { classify, push, proxy } = config;
  const from = (file: string) => (isAbsolute(file) ? file : join(dir, file));
  return {
    ...config,
    proxy: proxy && withResolvedFiles(withResolvedKeyFiles(proxy, dir), dir),
    classify: classify.rules_file === undefined ? classify : { rules_file: from(classify.rules_file) },
    push: push?.token_file === undefined ? push : { ...push, token_file: from(push.token_file) },
  };
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
