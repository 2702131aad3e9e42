import { Document, isMap, isScalar, isSeq, type Node } from 'yaml';

/** First line of every generated file whose format allows comments. */
export const GENERATED = 'Generated from src/mixin, do not edit: change the source and run `npm run generate`.';

const COMMENT = Symbol('comment');

interface Commented {
  readonly [COMMENT]: string;
  readonly value: unknown;
}

/** A value and the comment to put above it: any item of a list or value of a map. */
export function commented(comment: string, value: unknown): Commented {
  return { [COMMENT]: comment, value };
}

function isCommented(value: unknown): value is Commented {
  return typeof value === 'object' && value !== null && COMMENT in value;
}

/**
 * A YAML file with comments. The same value always gives the same bytes: keys stay in order, long lines are not folded
 * (a folded PromQL line is hard to search for), text of several lines is a literal block.
 */
export function yamlFile(value: unknown, header = ''): string {
  const document = new Document(plain(value), { aliasDuplicateObjects: false });
  attach(document.contents, value);
  document.commentBefore = comment([GENERATED, header].filter((text) => text !== '').join('\n'));
  return document.toString({ lineWidth: 0, blockQuote: 'literal', singleQuote: true });
}

function plain(value: unknown): unknown {
  if (isCommented(value)) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** Walks the value beside the document made of it, so each comment finds its node. */
function attach(node: unknown, value: unknown): void {
  if (isCommented(value)) {
    attach(node, value.value);
    return;
  }
  if (isSeq(node) && Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const child = node.items[index] as Node | undefined; // Safe: a document made from a value holds nodes only.
      if (isCommented(item) && child) child.commentBefore = comment(item[COMMENT]);
      attach(child, item);
    }
  }
  if (isMap(node) && typeof value === 'object' && value !== null) {
    for (const pair of node.items) {
      const item = isScalar(pair.key) ? (value as Record<string, unknown>)[String(pair.key.value)] : undefined; // Safe: maps come from objects.
      if (isCommented(item) && isScalar(pair.key)) pair.key.commentBefore = comment(item[COMMENT]);
      attach(pair.value, item);
    }
  }
}

function comment(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : ` ${line}`))
    .join('\n');
}
