import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Config, LineConfig } from '../../config/schema.ts';
import { type LineFormat, lineSchema } from '../../config/schema-lines.ts';
import { findFiles, isGlob } from '../../input/log/glob.ts';
import { ProblemError } from '../../problem.ts';
import { schemaProblems } from '../../schema-problems.ts';
import type { LogFile } from './log-reader.ts';

/** What the command line says of the lines of all logs. */
export interface GivenLines {
  readonly format?: LineFormat | undefined;
  readonly logFormat?: string | undefined;
  readonly provider?: string | undefined;
}

/**
 * The logs that `patterns` lead to, each once, and how each is read: as the configuration says of the log that it is, or was before it was
 * rotated; where it says nothing, as a log that nothing is known of. What is given overrules both. Throws a ProblemError when there is none.
 */
export async function findLogs(
  patterns: readonly string[],
  given: GivenLines,
  configured: Config['logs'] = [],
): Promise<LogFile[]> {
  const defaults = readSettings(given);
  const files = new Set<string>();
  for (const pattern of patterns) {
    const found = isGlob(pattern) ? (await findFiles(pattern)).paths : [pattern];
    if (found.length === 0) {
      throw new ProblemError([{ code: 'history.no_file', file: pattern, message: 'no file matches' }]);
    }
    for (const file of found) files.add(resolve(file));
  }
  const known = await Promise.all(configured.map(async (lines) => ({ lines, paths: await pathsOf(lines.file) })));
  return [...files].map((file) => {
    const own = known.find(({ paths }) => paths.some((path) => isSameLog(file, path)))?.lines;
    return { file, lines: own === undefined ? defaults : { ...own, ...overrides(given) } };
  });
}

async function pathsOf(pattern: string): Promise<readonly string[]> {
  return (isGlob(pattern) ? (await findFiles(pattern)).paths : [pattern]).map((path) => resolve(path));
}

/** `access.log-20260901.gz` was `access.log`. */
function isSameLog(file: string, path: string): boolean {
  return dirname(file) === dirname(path) && basename(file).startsWith(basename(path));
}

function overrides({ format, logFormat, provider }: GivenLines) {
  return {
    ...(format !== undefined && { format }),
    ...(logFormat !== undefined && { log_format: logFormat, format: format ?? ('nginx' as const) }),
    ...(provider !== undefined && { provider }),
  };
}

/** Flags by the setting each of them gives, for messages. */
const FLAGS: Readonly<Record<string, string>> = {
  format: '--format',
  log_format: '--log-format',
  provider: '--provider',
};

function readSettings(given: GivenLines): LineConfig {
  const value = overrides(given);
  const result = z.strictObject(lineSchema).safeParse(value);
  if (result.success) return result.data;
  throw new ProblemError(
    schemaProblems(result.error, {
      prefix: 'history',
      name: 'command line',
      value,
      placeOf: ([setting]) => ({ file: FLAGS[String(setting)] }),
    }),
  );
}
