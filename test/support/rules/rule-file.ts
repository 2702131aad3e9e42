import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import type { Problem } from '../../../src/problem.ts';
import type { Expression } from '../promql/expression.ts';
import { parsePromql, type SyntaxFault } from '../promql/parse.ts';

/** A text of the rule file, and how its characters map to lines of the file. */
export interface Text {
  readonly value: string;
  /** 1-based line and column of a character of `value`. */
  at(offset: number): { readonly line: number; readonly column: number };
}

export interface Rule {
  readonly kind: 'record' | 'alert';
  readonly name: string;
  readonly group: string;
  /** 1-based. */
  readonly line: number;
  readonly expr: Text;
  /** Absent where `faults` says why. */
  readonly expression: Expression | undefined;
  readonly faults: readonly SyntaxFault[];
  readonly for: string | undefined;
  readonly keepFiringFor: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The comment above the rule, or nothing. */
  readonly comment: string;
}

export interface Group {
  readonly name: string;
  readonly line: number;
  readonly interval: string | undefined;
  readonly rules: readonly Rule[];
}

export interface RuleFile {
  readonly groups: readonly Group[];
  /** What is wrong with its shape. Rules that could be read are in `groups` all the same. */
  readonly problems: readonly Problem[];
}

const GROUP_KEYS = ['name', 'interval', 'limit', 'rules'];
const RULE_KEYS = {
  record: ['record', 'expr', 'labels'],
  alert: ['alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'],
} as const;

/** Reads a Prometheus rule file as Prometheus 2.42 would, but goes on after the first fault and keeps the places. */
export function readRuleFile(text: string, file = 'rules.yml'): RuleFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems: Problem[] = document.errors.map(({ message, pos: [from] }) => {
    const { line, col } = lines.linePos(from);
    return { code: 'yaml/parse', message: message.split('\n')[0] ?? '', file, line, column: col };
  });
  const reader: Reader = { text, file, lines, problems };
  const list = problems.length === 0 ? groupList(document, reader) : [];
  return { groups: list.map((group) => readGroup(group, reader)), problems };
}

interface Reader {
  readonly text: string;
  readonly file: string;
  readonly lines: LineCounter;
  readonly problems: Problem[];
}

function complain({ problems, file, lines }: Reader, node: unknown, message: string): void {
  problems.push({ code: 'yaml/parse', message, file, line: lineOf(lines, node) });
}

function lineOf(lines: LineCounter, node: unknown): number {
  const range = isMap(node) || isSeq(node) || isScalar(node) ? node.range : undefined;
  return lines.linePos(range?.[0] ?? 0).line;
}

function groupList(document: Document, reader: Reader): readonly YAMLMap[] {
  const root = document.contents;
  const groups = isMap(root) ? root.get('groups') : undefined;
  if (!isMap(root) || !isSeq(groups)) {
    complain(reader, root, 'a rule file is a map with a list "groups"');
    return [];
  }
  checkKeys(reader, root, ['groups']);
  return maps(reader, groups.items, 'a group');
}

function maps(reader: Reader, items: readonly unknown[], what: string): YAMLMap[] {
  return items.flatMap((item) => {
    if (isMap(item)) return [item];
    complain(reader, item, `${what} is a map`);
    return [];
  });
}

function checkKeys(reader: Reader, map: YAMLMap, known: readonly string[]): void {
  for (const { key } of map.items) {
    if (!known.includes(String(key))) complain(reader, key, `unknown key "${key}": there are ${known.join(', ')}`);
  }
}

function readGroup(map: YAMLMap, reader: Reader): Group {
  checkKeys(reader, map, GROUP_KEYS);
  const name = textOf(map, 'name');
  const rules = map.get('rules');
  if (name === undefined) complain(reader, map, 'a group needs a name');
  if (!isSeq(rules)) complain(reader, map, `group ${name} has no list "rules"`);
  const group = name ?? '';
  const list = isSeq(rules) ? maps(reader, rules.items, 'a rule') : [];
  // A comment above the first of a list belongs to the list, says the parser.
  const above = (isSeq(rules) && rules.commentBefore) || '';
  return {
    name: group,
    line: lineOf(reader.lines, map),
    interval: textOf(map, 'interval'),
    rules: list.flatMap((rule, index) => readRule(rule, { group, above: index === 0 ? above : '', reader }) ?? []),
  };
}

interface RuleContext {
  readonly group: string;
  readonly above: string;
  readonly reader: Reader;
}

function readRule(map: YAMLMap, { group, above, reader }: RuleContext): Rule | undefined {
  const kinds = (['record', 'alert'] as const).filter((key) => map.has(key));
  const [kind] = kinds;
  const name = kind && textOf(map, kind);
  const node = map.get('expr', true);
  if (kind === undefined || kinds.length !== 1 || name === undefined || !isScalar(node)) {
    complain(reader, map, 'a rule has an expr and either a record or an alert');
    return undefined;
  }
  checkKeys(reader, map, RULE_KEYS[kind]);
  const expr = locatedText(node, reader);
  const { expression, faults } = parsePromql(expr.value);
  return {
    kind,
    name,
    group,
    line: lineOf(reader.lines, map),
    expr,
    expression,
    faults,
    for: textOf(map, 'for'),
    keepFiringFor: textOf(map, 'keep_firing_for'),
    labels: textsOf(map, 'labels', reader),
    annotations: textsOf(map, 'annotations', reader),
    comment: (map.commentBefore ?? above).trim(),
  };
}

function textOf(map: YAMLMap, key: string): string | undefined {
  const value = map.get(key);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function textsOf(map: YAMLMap, key: string, reader: Reader): Readonly<Record<string, string>> {
  const node = map.get(key);
  if (node === undefined) return {};
  if (!isMap(node)) {
    complain(reader, node ?? map, `${key} is a map`);
    return {};
  }
  const entries = node.items.map(({ key: name, value }) => {
    const text = isScalar(value) ? value.value : undefined;
    if (typeof text !== 'string') complain(reader, name, `${key}.${name} is no text: quote it`);
    return [String(name), String(text)] as const;
  });
  return Object.fromEntries(entries);
}

/** Block texts lose their indentation in `value`; a text in quotes or folded is placed at its beginning only. */
function locatedText(node: Scalar, { text, lines }: Reader): Text {
  const value = String(node.value);
  const [from = 0] = node.range ?? [];
  const start = lines.linePos(from);
  if (node.type === 'PLAIN' && !value.includes('\n')) {
    return { value, at: (offset) => ({ line: start.line, column: start.col + offset }) };
  }
  if (node.type !== 'BLOCK_LITERAL') return { value, at: () => ({ line: start.line, column: start.col }) };
  const firstLine = text.slice(text.indexOf('\n', from) + 1);
  const indent = firstLine.length - firstLine.trimStart().length;
  return {
    value,
    at(offset) {
      const before = value.slice(0, offset).split('\n');
      return { line: start.line + before.length, column: indent + (before.at(-1)?.length ?? 0) + 1 };
    },
  };
}
