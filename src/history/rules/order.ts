import type { RecordingRule } from './rule-file.ts';

/** Recording rules in an order in which each reads only what is there already. */
export interface RuleOrder {
  /** Rules of one level read nothing of one another. */
  readonly levels: readonly (readonly RecordingRule[])[];
  /** These read themselves, however far around: there is nothing to begin with. */
  readonly circular: readonly RecordingRule[];
}

/**
 * Levels of recording rules. A live Prometheus evaluates groups beside one another, so that a rule may see what another group's rule had
 * recorded one interval ago; here each sees the same moment.
 */
export function orderRules(rules: readonly RecordingRule[]): RuleOrder {
  const levels: RecordingRule[][] = [];
  let rest = rules;
  while (rest.length > 0) {
    // Several rules may record the same name, with different labels: all of them are waited for.
    const unmade = new Set(rest.map(({ record }) => record));
    const ready = rest.filter(({ reads }) => !reads.some((name) => unmade.has(name)));
    if (ready.length === 0) break;
    levels.push(ready);
    rest = rest.filter((rule) => !ready.includes(rule));
  }
  return { levels, circular: rest };
}
