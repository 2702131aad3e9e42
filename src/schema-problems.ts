import type { z } from 'zod';
import type { Problem } from './problem.ts';
import type { Path, Place } from './yaml-source.ts';

/** What a value that a schema refused came from. */
export interface SchemaSubject {
  /** Begins every problem's code: `config` gives `config.invalid`. */
  readonly prefix: string;
  /** What the whole is called when it is not even a map. */
  readonly name: string;
  /** The value as it was given to the schema. */
  readonly value: unknown;
  readonly placeOf: (path: Path) => Place;
}

/** Everything a schema found wrong, each with its place, the value seen and what would be right. */
export function schemaProblems(error: z.ZodError, subject: SchemaSubject): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, subject));
}

function problemsOfIssue(issue: z.core.$ZodIssue, { prefix, name, value: whole, placeOf }: SchemaSubject): Problem[] {
  // Keys and indexes of YAML are strings and numbers; a symbol cannot occur.
  const keys = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: `${prefix}.unknown_key`,
      ...placeOf([...keys, key]),
      message: `${[...keys, key].join('.')}: no such setting here`,
    }));
  }
  if (issue.code === 'invalid_key') {
    const why = issue.issues.map(readable).join(', ');
    return [{ code: `${prefix}.invalid`, ...placeOf(keys), message: `${keys.join('.')}: as a name it ${why}` }];
  }
  const { value, path } = follow(whole, keys);
  const seen = value === undefined ? '' : `${quote(path, value)} `;
  const message = value === undefined ? 'is required' : readable(issue);
  return [{ code: `${prefix}.invalid`, ...placeOf(path), message: `${path.join('.') || name}: ${seen}${message}` }];
}

/** What stands at `path`. Where a schema reads a single value as a list of one, the path goes on where the value ends. */
function follow(whole: unknown, path: Path): { readonly value: unknown; readonly path: Path } {
  let value = whole;
  for (const [depth, key] of path.entries()) {
    if (value === undefined) break;
    if (typeof value !== 'object' || value === null) return { value, path: path.slice(0, depth) };
    value = Reflect.get(value, key);
  }
  return { value, path };
}

/** zod's sentences begin in capitals and name no value; ours follow the value they speak of. */
function readable(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('is ')) return issue.message;
  if (issue.code === 'invalid_type') return `is not ${/^[aio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  if (issue.code === 'too_small') return issue.origin === 'number' ? `is below ${issue.minimum}` : 'is empty';
  if (issue.code === 'too_big') {
    return issue.origin === 'array' ? `has more than ${issue.maximum} entries` : `is above ${issue.maximum}`;
  }
  if (issue.code === 'invalid_value') return `is none of ${issue.values.join(', ')}`;
  return issue.message;
}

/** A value as the message shows it; one that may hold a secret is not shown. */
function quote(path: Path, value: unknown): string {
  if (path.some(mayBeSecret) || /:\/\/[^/]*@/.test(String(value))) return '<secret>';
  // A query may carry a key; the rest of a URL is needed to find it.
  const shown = typeof value === 'string' ? value.replace(/(:\/\/[^?#]*)[?#].*$/s, '$1?…') : value;
  const text = JSON.stringify(shown) ?? String(shown);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** `api_key`, `token`, `authorization`; but not `key_present`, which is a yes or no, nor `input_tokens`, a number. */
function mayBeSecret(key: string | number): boolean {
  return /(?:^|[_-])(?:key|token|secret|password|authorization|cookie)$/i.test(String(key));
}
