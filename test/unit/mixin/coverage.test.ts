import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { coverageProblems } from '../../support/rules/coverage.ts';
import { readRuleFile } from '../../support/rules/rule-file.ts';
import { createRuleSet } from '../../support/rules/rule-set.ts';

const texts = (pattern: string) => globSync(pattern).map((path) => [path, readFileSync(path, 'utf8')] as const);

test('every alert is seen to fire, to stay quiet and to resolve, and has its runbook; nothing names another', () => {
  const { groups } = readRuleFile(readFileSync('alerts/llm.rules.yml', 'utf8'));
  const tests = texts('alerts/tests/**/*.yml');
  const problems = coverageProblems({
    set: createRuleSet(groups),
    tests: new Map(tests),
    runbooks: new Map(texts('alerts/runbooks/*.md').map(([path, text]) => [basename(path, '.md'), text])),
    ruleFiles: globSync('alerts/*.rules.yml'),
  });
  assert.ok(tests.length > 0);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [],
  );
});

const alert = (name: string, severity: string) => ({ alert: name, expr: 'up == 0', labels: { severity } });
const check = (time: string, name: string, severity?: string) => ({
  eval_time: time,
  alertname: name,
  exp_alerts: severity === undefined ? [] : [{ exp_labels: { severity } }],
});
const quiet = { alert_rule_test: [check('5m', 'LLMDown')] };
/** Not in the order of time: promtool sorts them, too. */
const resolving = {
  alert_rule_test: [check('1h 10m', 'LLMDown'), check('5m', 'LLMDown'), check('20m', 'LLMDown', 'warning')],
};

interface Given {
  readonly alerts?: readonly object[];
  readonly stories?: readonly object[];
  readonly file?: string;
  readonly runbooks?: Readonly<Record<string, string>>;
}

function found({
  alerts = [alert('LLMDown', 'warning')],
  stories = [quiet, resolving],
  file = 'LLMDown',
  runbooks = { LLMDown: '' },
}: Given) {
  const rules = stringify({ groups: [{ name: 'g', rules: alerts }] });
  const text = stringify({ rule_files: ['../a.rules.yml'], tests: stories });
  const problems = coverageProblems({
    set: createRuleSet(readRuleFile(rules).groups),
    tests: new Map([[`tests/${file}.yml`, text]]),
    runbooks: new Map(Object.entries(runbooks)),
    ruleFiles: ['alerts/a.rules.yml'],
  });
  return problems.map(({ message }) => message);
}

describe('the coverage gate', () => {
  test('passes what is covered', () => assert.deepEqual(found({}), []));

  test('misses a story of each kind', () => {
    assert.deepEqual(found({ stories: [quiet] }), [
      'LLMDown has no story in which it fires and then resolves',
      'LLMDown has no story in which it fires as warning',
    ]);
    assert.deepEqual(found({ stories: [resolving] }), ['LLMDown has no story in which it stays quiet']);
    const firing = { alert_rule_test: [check('5m', 'LLMDown'), check('20m', 'LLMDown', 'warning')] };
    assert.deepEqual(found({ stories: [quiet, firing] }), ['LLMDown has no story in which it fires and then resolves']);
  });

  test('misses the second severity of an alert', () => {
    const alerts = [alert('LLMDown', 'warning'), alert('LLMDown', 'critical')];
    assert.deepEqual(found({ alerts }), ['LLMDown has no story in which it fires as critical']);
  });

  test('misses the file of an alert, and a runbook', () => {
    assert.deepEqual(found({ file: 'Other' }), ['LLMDown has no test file of its name']);
    assert.deepEqual(found({ runbooks: {} }), ['LLMDown has no runbook']);
  });

  test('finds names of alerts that do not exist', () => {
    const misspelt = { alert_rule_test: [check('5m', 'LLMDwon')] };
    assert.deepEqual(found({ stories: [quiet, resolving, misspelt] }), [
      'tests/LLMDown.yml names LLMDwon, which is no alert',
    ]);
    const asked = { promql_expr_test: [{ expr: 'count(ALERTS{alertname="LLMDwon"})', eval_time: '5m' }] };
    assert.deepEqual(found({ stories: [quiet, resolving, asked] }), [
      'tests/LLMDown.yml names LLMDwon, which is no alert',
    ]);
    assert.deepEqual(found({ runbooks: { LLMDown: 'See LLMGone and LLMDown, not LLM or LLMs.', LLMOld: '' } }), [
      'runbook LLMDown.md names LLMGone, which is no alert',
      'runbook LLMOld.md is about no alert',
    ]);
  });

  test('finds a rule file that no test reads', () => {
    const problems = coverageProblems({
      set: createRuleSet([]),
      tests: new Map([['tests/a.yml', 'rule_files: [../a.rules.yml]\ntests: []\n']]),
      runbooks: new Map(),
      ruleFiles: ['alerts/a.rules.yml', 'alerts/b.rules.yml'],
    });
    assert.deepEqual(problems, [
      { code: 'coverage/rule-file', message: 'alerts/b.rules.yml is in no test', file: 'alerts/b.rules.yml' },
    ]);
  });
});
