import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The part of JSON Schema that ours uses. */
interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: string;
  /** One of several forms. */
  readonly anyOf?: readonly SchemaNode[];
  readonly examples?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  /** Our own mark: its settings are described where this points. */
  readonly sameAs?: string;
}

interface Row {
  readonly key: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** JSON Schema of the configuration as a user writes it: editors complete and check against it. */
export function configJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 2)}\n`;
}

/** Every setting with its default and meaning, as a page for people. */
export function configReference(): string {
  // zod's own output, whose shape is JSON Schema.
  const root = z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;
  const lines = rowsOf(root, '').map(
    ({ key, node, required }) =>
      `| \`${key}\` | ${valuesOf(node)} | ${defaultOf(node, required)} | ${node.description ?? ''} |`,
  );
  return `# Configuration

<!-- Generated from src/config/schema.ts by \`npm run generate\`. -->

\`llm-exporter serve --config.file FILE\` reads YAML; [example.yml](example.yml) is an example, [config.schema.json](config.schema.json)
the same as JSON Schema for editors. Durations are written \`90s\` or \`1m30s\`, sizes \`16KiB\`. \`check-config FILE\` names every
problem with line and column; SIGHUP reloads, and a file with problems changes nothing.

| setting | values | default | meaning |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}

function rowsOf(node: SchemaNode, prefix: string): Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    const required = node.required?.includes(name) ?? false;
    return [...(isDocumented(child) ? [{ key, node: child, required }] : []), ...childRows(child, key)];
  });
}

function childRows(node: SchemaNode, key: string): Row[] {
  if (node.sameAs !== undefined) return [];
  if (node.items?.properties !== undefined) return rowsOf(node.items, `${key}[].`);
  if (typeof node.additionalProperties === 'object') return rowsOf(node.additionalProperties, `${key}.<name>.`);
  return rowsOf(node, `${key}.`);
}

/** A map without a sentence of its own is only the head of its settings; a field without one is named by its map. */
function isDocumented(node: SchemaNode): boolean {
  return node.description !== undefined;
}

function valuesOf(node: SchemaNode): string {
  const { enum: choices, const: only, anyOf, examples, type, items, sameAs, properties = {} } = node;
  if (anyOf !== undefined) return anyOf.map(valuesOf).join(' or ');
  if (only !== undefined) return `\`${only}\``;
  if (sameAs !== undefined) return `as \`${sameAs}\``;
  const fields = Object.entries(properties).filter(([, child]) => !isDocumented(child));
  if (type === 'object' && fields.length > 1) return fields.map(([name]) => `\`${name}\``).join(', ');
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (examples?.[0] !== undefined) return `such as \`${examples[0]}\``;
  if (type === 'array') return items?.type === 'object' ? 'list' : `list of ${items?.type ?? 'values'}s`;
  return type === 'object' ? 'map' : (type ?? '');
}

function defaultOf({ default: value, type }: SchemaNode, required: boolean): string {
  if (required) return '**required**';
  return value === undefined || type === 'object'
    ? ''
    : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
