import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Origin } from '../event/request-event.ts';
import { type Problem, ProblemError } from '../problem.ts';
import { schemaProblems } from '../schema-problems.ts';
import { inFileOrder, type Path, readYaml, type YamlSource } from '../yaml-source.ts';
import { type CatalogueFile, catalogueSchema } from './catalogue-schema.ts';
import { CAUSES, type Cause, type Owner, type Retryable } from './causes.ts';
import type { Rule } from './rule.ts';
import { createRuleIndex, type RuleIndex } from './rule-index.ts';

/** What people need to know of a cause: pages, alerts and dashboards are written from it. */
export interface CauseEntry {
  readonly id: Cause;
  /** HTTP statuses it was seen with; the pairs that exist at 0 from the start. */
  readonly codes: readonly number[];
  readonly origin: Origin;
  readonly owner: Owner;
  readonly retryable: Retryable;
  /** Whether an answer with this cause shows that the upstream knows the model it was asked for. */
  readonly provesModel: boolean;
  readonly summary: string;
  readonly advice: { readonly user: string; readonly ops: string };
  readonly source: string;
}

export interface Catalogue {
  readonly causes: Readonly<Record<Cause, CauseEntry>>;
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[];
  readonly index: RuleIndex;
}

const SOURCE = new URL('./catalogue.yaml', import.meta.url);
const COMPILED = new URL('./catalogue.json', import.meta.url);

/** Reads the catalogue shipped beside this file; throws a ProblemError that lists everything wrong with it. */
export function loadCatalogue(): Catalogue {
  const text = readFileSync(SOURCE, 'utf8');
  return build(readCompiled(text) ?? readCatalogue(text, 'catalogue.yaml'));
}

/** Same for a text; `file` is the name that problems carry. */
export function parseCatalogue(text: string, file: string): Catalogue {
  return build(readCatalogue(text, file));
}

/** The same causes reached by other rules, in the order given. */
export function withRules({ causes }: Catalogue, rules: readonly Rule[]): Catalogue {
  return { causes, rules, index: createRuleIndex(rules) };
}

/**
 * The shipped catalogue, read and checked, as JSON: reading the YAML takes most of the time of a start. It names the
 * text it was made from, and one made from another text is not used, so that the YAML stays the only source.
 */
export function compileCatalogue(): string {
  const text = readFileSync(SOURCE, 'utf8');
  return `${JSON.stringify({ madeFrom: digest(text), content: readCatalogue(text, 'catalogue.yaml') })}\n`;
}

function readCompiled(text: string): CatalogueFile | undefined {
  try {
    const compiled: unknown = JSON.parse(readFileSync(COMPILED, 'utf8'));
    // `compileCatalogue` wrote it, from this very text: it has been checked.
    const { madeFrom, content } = compiled as { madeFrom: string; content: CatalogueFile };
    return madeFrom === digest(text) ? content : undefined;
  } catch {
    return undefined; // Absent or damaged: the source has everything.
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function readCatalogue(text: string, file: string): CatalogueFile {
  const source = readYaml(text, { file, prefix: 'catalogue' });
  const { value, placeOf } = source;
  const result = catalogueSchema.safeParse(value);
  const found = result.success
    ? contradictions(result.data, source)
    : schemaProblems(result.error, { prefix: 'catalogue', name: 'catalogue', value, placeOf });
  const problems = inFileOrder(source.problems, found);
  if (problems.length > 0 || !result.success) throw new ProblemError(problems);
  return result.data;
}

/** Faults that no single field shows. */
function contradictions(content: CatalogueFile, { placeOf }: YamlSource): Problem[] {
  const problems: Problem[] = [];
  const report = (code: string, message: string, path: Path) =>
    problems.push({ code: `catalogue.${code}`, message, ...placeOf(path) });
  const described = new Set<Cause>();
  content.causes.forEach(({ id }, at) => {
    if (described.has(id)) report('duplicate_cause', `causes: ${id} is described twice`, ['causes', at, 'id']);
    described.add(id);
  });
  for (const cause of CAUSES) {
    if (!described.has(cause)) report('missing_cause', `causes: ${cause} is not described`, ['causes']);
  }
  const ids = new Set<string>();
  content.steps.forEach((step, stepAt) => {
    step.rules.forEach((rule, ruleAt) => {
      const path = ['steps', stepAt, 'rules', ruleAt];
      if (ids.has(rule.id)) report('duplicate_rule', `${rule.id}: another rule has this id`, [...path, 'id']);
      ids.add(rule.id);
    });
  });
  return problems;
}

function build(content: CatalogueFile): Catalogue {
  const entries = content.causes.map(({ proves_model, ...entry }) => [
    entry.id,
    { ...entry, provesModel: proves_model },
  ]);
  const rules = content.steps.flatMap(({ basis, rules }) =>
    rules.map(({ provider, refines, ...rule }): Rule => ({ ...rule, basis, provider, refines })),
  );
  return {
    // `contradictions` has found each cause described exactly once.
    causes: Object.fromEntries(entries) as Record<Cause, CauseEntry>,
    rules,
    index: createRuleIndex(rules),
  };
}
