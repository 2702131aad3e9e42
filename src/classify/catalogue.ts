import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { Origin } from '../event/request-event.ts';
import { type Problem, ProblemError } from '../problem.ts';
import { type CatalogueFile, catalogueSchema } from './catalogue-schema.ts';
import { CAUSES, type Cause, type Owner, type Retryable } from './causes.ts';
import { unboundedRepetition } from './pattern.ts';
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

type Path = readonly (string | number)[];
type Report = (code: string, message: string, path: Path) => void;

/** Reads the catalogue shipped beside this file; throws a ProblemError that lists everything wrong with it. */
export function loadCatalogue(): Catalogue {
  const url = new URL('./catalogue.yaml', import.meta.url);
  return parseCatalogue(readFileSync(url, 'utf8'), 'catalogue.yaml');
}

/** Same for a text; `file` is the name that problems carry. */
export function parseCatalogue(text: string, file: string): Catalogue {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const report: Report = (code, message, path) =>
    problems.push({ code: `catalogue.${code}`, message, file, ...position(document, lines, path) });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ code: 'catalogue.syntax', message: error.message, file, line, column: col });
  }
  const content = problems.length === 0 ? readShape(document, report) : undefined;
  if (content !== undefined) check(content, report);
  if (content === undefined || problems.length > 0) throw new ProblemError(problems);
  return build(content);
}

function readShape(document: Document, report: Report): CatalogueFile | undefined {
  const result = catalogueSchema.safeParse(document.toJS());
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    // YAML keys and indexes are strings and numbers; a symbol cannot occur in a parsed document.
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    report('shape', `${path.join('.')}: ${issue.message}`, path);
  }
  return undefined;
}

/** Line and column of the deepest node on `path` that exists: a missing key is reported at its parent. */
function position(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true);
    const start = typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
    if (!start || !Array.isArray(node.range)) continue;
    const { line, col } = lines.linePos(Number(node.range[0]));
    return { line, column: col };
  }
  return { line: 1, column: 1 };
}

function check(content: CatalogueFile, report: Report): void {
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
      rule.match.message?.forEach((source, at) => {
        const fault = patternFault(source);
        if (fault !== undefined) report('pattern', `${rule.id}: ${fault}`, [...path, 'match', 'message', at]);
      });
    });
  });
}

function patternFault(source: string): string | undefined {
  try {
    new RegExp(source, 'im');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const repetition = unboundedRepetition(source);
  return repetition && `"${source}" repeats without bound ("${repetition}"); give one, such as {0,80}`;
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
    // `check` has found each cause described exactly once.
    causes: Object.fromEntries(entries) as Record<Cause, CauseEntry>,
    rules,
    index: createRuleIndex(rules),
  };
}
