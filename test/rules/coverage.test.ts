import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { ALERT_NAMES, OPTIONAL_ALERTS } from '../../src/mixin/settings/thresholds.ts';
import { alertsOf, pack, ruleGroupsOf } from './pack.ts';

interface TestFile {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const files = await pack({ optionalAlerts: OPTIONAL_ALERTS });
const defined = new Set(alertsOf(await ruleGroupsOf(files)).map(({ alert }) => alert));
const testFiles = [...files].filter(([path]) => /^alerts\/tests\/\w+\.yml$/.test(path));
// promtool reads the same files in another test and refuses another shape.
const stories = testFiles.flatMap(([, text]) => (parse(text) as TestFile).tests);

/** Per story: whether each check expects the alert. */
const verdictsOf = (alert: string) =>
  stories
    .map(({ alert_rule_test }) => alert_rule_test.filter(({ alertname }) => alertname === alert))
    .filter((checks) => checks.length > 0)
    .map((checks) => checks.map(({ exp_alerts }) => exp_alerts.length > 0));

describe('coverage of the alerts', () => {
  test('the rule file has exactly the alerts of the list', () => {
    assert.deepEqual([...defined].sort(), [...ALERT_NAMES].sort());
  });

  test('tests name no alert that does not exist, which promtool would let pass', () => {
    const named = new Set(stories.flatMap(({ alert_rule_test }) => alert_rule_test.map(({ alertname }) => alertname)));
    assert.deepEqual([...named].sort(), [...defined].sort());
  });

  for (const alert of ALERT_NAMES) {
    test(`${alert} is seen to fire, to stay quiet and to resolve`, () => {
      const verdicts = verdictsOf(alert);
      assert.ok(
        verdicts.some((checks) => checks.includes(true)),
        'no test where it fires',
      );
      assert.ok(
        verdicts.filter((checks) => !checks.includes(true)).length >= 3,
        'fewer than 3 tests where it is quiet',
      );
      const resolves = verdicts.some((checks) => checks.indexOf(true) >= 0 && checks.at(-1) === false);
      assert.ok(resolves, 'no test where it fires and then resolves');
    });
  }

  test('each alert has a runbook and each runbook an alert', () => {
    const pages = [...files.keys()].flatMap((path) => /^alerts\/runbooks\/(.+)\.md$/.exec(path)?.[1] ?? []);
    assert.deepEqual(pages.sort(), [...defined].sort());
  });

  test('each runbook has the sections a woken person needs, in their order, each with content', () => {
    const order = [
      'What it means',
      'Who is hurt',
      'How to confirm',
      'Likely causes',
      'What to do',
      'When it is false',
      'When it stays silent',
      'How to tune',
    ];
    for (const alert of defined) {
      const sections = (files.get(`alerts/runbooks/${alert}.md`) ?? '').split(/^## /m).slice(1);
      assert.deepEqual(
        sections.map((section) => section.split('\n')[0]),
        order,
        alert,
      );
      for (const section of sections)
        assert.ok(section.split('\n').slice(1).join('').trim().length > 40, `${alert}: ${section}`);
    }
  });
});
