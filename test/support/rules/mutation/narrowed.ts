import type { Rule } from '../rule-file.ts';
import type { RuleSet } from '../rule-set.ts';
import { closureOf, type QueryCheck, rulesOfStory } from '../test-file.ts';
import type { Story } from './judge.ts';

/** What a story that tells of the whole pack asks for. */
const ALL_FIRING = 'ALERTS{alertstate="firing"}';

/**
 * Stories as far as a fault in some rules can change them. One that asks for all alerts is asked only for those that depend on
 * these rules, so that promtool is spared the others; undefined when it has nothing to say of them.
 */
export function createNarrowing(set: RuleSet): (story: Story, faulty: readonly Rule[]) => Story | undefined {
  const closures = new Map(set.alerts.map((alert) => [alert, closureOf([alert], set)]));
  return (story, faulty) => {
    if (!faulty.some((rule) => story.rules.has(rule))) return undefined;
    const checks = story.json.promql_expr_test ?? [];
    if (!checks.some(({ expr }) => expr.includes(ALL_FIRING))) return story;
    const touched = set.alerts.filter((alert) => faulty.some((rule) => closures.get(alert)?.has(rule)));
    const names = [...new Set(touched.map(({ name }) => name))];
    const json = { ...story.json, promql_expr_test: checks.map((check) => about(names, check)) };
    return { ...story, json, rules: rulesOfStory(json, set) };
  };
}

function about(names: readonly string[], { expr, exp_samples = [], eval_time }: QueryCheck): QueryCheck {
  return {
    eval_time,
    expr: expr.replace(ALL_FIRING, `ALERTS{alertstate="firing",alertname=~"${names.join('|')}"}`),
    exp_samples: exp_samples.filter(({ labels }) => names.some((name) => labels.includes(`alertname="${name}"`))),
  };
}
