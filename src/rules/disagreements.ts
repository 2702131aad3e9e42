import type { Problem } from '../problem.ts';
import type { YamlSource } from '../yaml-source.ts';

/** What a classification that no rule made is signed with. */
const NOT_A_RULE = ['success', 'no_rule'];

interface Mention {
  readonly id: string;
  readonly path: readonly (string | number)[];
}

/**
 * Rule ids that do not fit together. Read from the text as it stands and not from what the schema made of it, so that a
 * fault of another kind does not hide them.
 */
export function findDisagreements({ value, placeOf }: YamlSource, builtIn: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  const report = (code: string, { id, path }: Mention, message: string) =>
    problems.push({ code: `rules.${code}`, ...placeOf(path), message: `${path.join('.')}: "${id}" ${message}` });
  const own = mentions(value, 'rules', 'id');
  const override = mentions(value, 'override', 'id');
  const disable = mentions(value, 'disable');

  for (const mention of own) {
    if (builtIn.has(mention.id)) report('duplicate_id', mention, 'is a built-in rule: override or disable that one');
  }
  for (const list of [own, override, disable]) {
    for (const mention of repeated(list)) report('duplicate_id', mention, 'is there already');
  }
  for (const mention of [...override, ...disable]) {
    if (!builtIn.has(mention.id)) report('unknown_rule', mention, 'is no built-in rule');
  }
  const disabled = new Set(disable.map(({ id }) => id));
  for (const mention of override) {
    if (disabled.has(mention.id)) report('contradiction', mention, 'is disabled in the same file');
  }
  const known = new Set([...builtIn, ...own.map(({ id }) => id), ...NOT_A_RULE]);
  for (const mention of mentions(value, 'test', 'rule')) {
    if (!known.has(mention.id)) report('unknown_rule', mention, 'is no rule, neither built in nor in this file');
  }
  return problems;
}

/** The ids in one list of the file: its entries themselves, or what they have under `key`. */
function mentions(file: unknown, list: string, key?: string): Mention[] {
  const entries = field(file, list);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, at) => {
    const id = key === undefined ? entry : field(entry, key);
    return typeof id === 'string' ? [{ id, path: key === undefined ? [list, at] : [list, at, key] }] : [];
  });
}

function repeated(list: readonly Mention[]): Mention[] {
  return list.filter(({ id }, at) => list.findIndex((other) => other.id === id) < at);
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
