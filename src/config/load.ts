import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Problem, ProblemError } from '../problem.ts';
import { type Config, configSchema } from './schema.ts';

/** A configuration is written by hand: a larger file is some other file. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/** A value given on the command line: it overrides the file, and problems with it name the flag. */
export interface Override {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly flag: string;
}

interface ParsedFile {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly problems: readonly Problem[];
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
  const parsed = parseText(file ?? 'command line', file === undefined ? '' : readConfigFile(file));
  const raw = withOverrides(toPlain(parsed), overrides);
  const result = configSchema.safeParse(raw);
  const found = result.success
    ? findContradictions(result.data, parsed)
    : result.error.issues.flatMap((issue) => problemsOfIssue(issue, { parsed, raw, overrides }));
  const problems = withoutEchoes(parsed.problems, found);
  if (problems.length > 0 || !result.success) throw new ProblemError(problems);
  return result.data;
}

function readConfigFile(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= MAX_CONFIG_BYTES) return bytes.toString('utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError([{ code: 'config.unreadable', file, message: `cannot be read: ${why}` }], { cause });
  }
  throw new ProblemError([{ code: 'config.too_large', file, message: `is larger than ${MAX_CONFIG_BYTES} bytes` }]);
}

function parseText(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { code: 'config.yaml', file, line, column: col, message: `not valid YAML: ${error.message}` };
  });
  return { file, document, lines, problems };
}

/** What the YAML says as far as it can be read, so that one fault of syntax does not hide the others. */
function toPlain({ document, file, problems }: ParsedFile): unknown {
  try {
    return document.toJS() ?? {};
  } catch (cause) {
    if (problems.length > 0) throw new ProblemError(problems, { cause });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError([{ code: 'config.yaml', file, message: `not valid YAML: ${why}` }], { cause });
  }
}

function withOverrides(raw: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((result, { path, value }) => setIn(result, path, value), raw);
}

function setIn(target: unknown, path: readonly (string | number)[], value: unknown): unknown {
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

interface Sources {
  readonly parsed: ParsedFile;
  readonly raw: unknown;
  readonly overrides: readonly Override[];
}

function problemsOfIssue(issue: z.core.$ZodIssue, sources: Sources): Problem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'config.unknown_key',
      ...placeOf([...path, key], sources),
      message: `${[...path, key].join('.')}: no such setting here`,
    }));
  }
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], sources.raw);
  const seen = value === undefined ? '' : `${quote(path, value)} `;
  const message = value === undefined ? 'is required' : readable(issue);
  return [
    {
      code: 'config.invalid',
      ...placeOf(path, sources),
      message: `${path.join('.') || 'configuration'}: ${seen}${message}`,
    },
  ];
}

/** zod's sentences begin in capitals and name no value; ours follow the value they speak of. */
function readable(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('is ')) return issue.message;
  if (issue.code === 'invalid_type') return `is not ${/^[aio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  if (issue.code === 'too_small') return `is below ${issue.minimum}`;
  if (issue.code === 'too_big') return `is above ${issue.maximum}`;
  if (issue.code === 'invalid_value') return `is none of ${issue.values.join(', ')}`;
  return issue.message;
}

/** A value as the message shows it; one that may hold a secret is not shown. */
function quote(path: readonly (string | number)[], value: unknown): string {
  if (/key|token|secret|password/i.test(path.join('.')) || /:\/\/[^/]*@/.test(String(value))) return '<secret>';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Where a setting stands: the flag that gave it, or line and column in the file (those of its parent if it is absent). */
function placeOf(path: readonly (string | number)[], { parsed, overrides }: Sources): Partial<Problem> {
  const override = overrides.find(({ path: given }) =>
    path.every((key, index) => index >= given.length || key === given[index]),
  );
  if (override !== undefined) return { file: override.flag };
  return placeInFile(path, parsed);
}

function placeInFile(path: readonly (string | number)[], { document, file, lines }: ParsedFile): Partial<Problem> {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const offset = offsetOf(document, path.slice(0, depth));
    if (offset !== undefined) {
      const { line, col } = lines.linePos(offset);
      return { file, line, column: col };
    }
  }
  return { file };
}

/** The key of a map entry says more than its value: `port` in `port: 99999`. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent) && last !== undefined) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Faults that no single field shows. */
function findContradictions(config: Config, parsed: ParsedFile): Problem[] {
  if (config.proxy === undefined && config.logs.length === 0 && config.stdin === undefined) {
    const message = 'nothing to watch: it needs a proxy with an upstream, a log file or stdin';
    return [{ code: 'config.no_input', file: parsed.file, message }];
  }
  const seen = new Set<string>();
  return config.logs.flatMap((log, index) => {
    const name = log.source ?? log.file;
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const place = placeInFile(['logs', index], parsed);
    return [
      {
        code: 'config.duplicate_source',
        ...place,
        message: `logs.${index}: a source named "${name}" is there already`,
      },
    ];
  });
}

/** A line that is no YAML makes strange values: what the schema says of the same line is an echo. */
function withoutEchoes(syntax: readonly Problem[], schema: readonly Problem[]): Problem[] {
  const lines = new Set(syntax.map(({ line }) => line));
  const all = [...syntax, ...schema.filter(({ line }) => line === undefined || !lines.has(line))];
  return all.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
