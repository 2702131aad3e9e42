import { type Catalogue, withRules } from '../classify/catalogue.ts';
import type { Rule } from '../classify/rule.ts';
import { type Problem, ProblemError } from '../problem.ts';
import { schemaProblems } from '../schema-problems.ts';
import { inFileOrder, type Place, readYamlFile, type YamlSource } from '../yaml-source.ts';
import { findDisagreements } from './disagreements.ts';
import { type Example, type RulesFile, rulesSchema } from './rules-schema.ts';

/** The rules in force, and the examples that their author expects to hold. */
export interface LoadedRules {
  readonly catalogue: Catalogue;
  readonly examples: readonly PlacedExample[];
}

export interface PlacedExample extends Example {
  readonly place: Place;
}

/** The built-in rules as the user's file (if any) changes them; throws a ProblemError that lists everything wrong with it. */
export function loadRules(file: string | undefined, builtIn: Catalogue): LoadedRules {
  if (file === undefined) return { catalogue: builtIn, examples: [] };
  const source = readYamlFile(file, 'rules');
  const content = check(source, builtIn);
  const examples = content.test.map((example, at) => ({ ...example, place: source.placeOf(['test', at]) }));
  return { catalogue: withRules(builtIn, changed(builtIn.rules, content)), examples };
}

function check(source: YamlSource, builtIn: Catalogue): RulesFile {
  const { value, placeOf } = source;
  const result = rulesSchema.safeParse(value);
  const found: Problem[] = findDisagreements(source, new Set(builtIn.rules.map(({ id }) => id)));
  if (!result.success) {
    found.push(...schemaProblems(result.error, { prefix: 'rules', name: 'rules file', value, placeOf }));
  }
  const problems = inFileOrder(source.problems, found);
  if (problems.length > 0 || !result.success) throw new ProblemError(problems);
  return result.data;
}

/**
 * A user's rules come after what the connection itself showed and before every other built-in rule: whoever writes one
 * knows a gateway or an API that the catalogue does not, but cannot know better than the socket.
 */
function changed(builtIn: readonly Rule[], { rules, override, disable }: RulesFile): Rule[] {
  const overrides = new Map(override.map(({ id, ...change }) => [id, change]));
  const kept = builtIn
    .filter(({ id }) => !disable.includes(id))
    .map((rule) => {
      const { match = rule.match, cause = rule.cause } = overrides.get(rule.id) ?? {};
      return { ...rule, match, cause };
    });
  const own = rules.map(({ provider, refines, ...rule }): Rule => ({ ...rule, basis: 'user', provider, refines }));
  const at = kept.findIndex(({ basis }) => basis !== 'transport');
  return kept.toSpliced(at === -1 ? kept.length : at, 0, ...own);
}
