import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { judge, storiesOf } from '../support/rules/mutation/judge.ts';
import { mutantsOf } from '../support/rules/mutation/mutants.ts';
import { describeScore, scoreOf } from '../support/rules/mutation/score.ts';
import { readRuleFile } from '../support/rules/rule-file.ts';
import { createRuleSet } from '../support/rules/rule-set.ts';
import { readTestFile } from '../support/rules/test-file.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An alert with a guard, made of a recording, beside one that is no part of it. */
const RULES = stringify({
  groups: [
    {
      name: 'g',
      interval: '30s',
      rules: [
        { record: 'model:bad:sum', expr: 'sum without (instance) (bad{code="503"})' },
        { record: 'model:other:sum', expr: 'sum without (instance) (other)' },
        {
          alert: 'LLMBad',
          expr: 'model:bad:sum > 10 and ignoring (code) model_all > 5',
          for: '2m',
          labels: { severity: 'warning' },
        },
      ],
    },
  ],
});

const set = createRuleSet(readRuleFile(RULES).groups);
const mutants = mutantsOf(set, { values: { code: ['503', '504'] } });

interface StoryParts {
  readonly bad: string;
  readonly all?: string;
  /** Minutes at which the alert is looked at, and whether it must fire then. */
  readonly fires: Readonly<Record<number, boolean>>;
}

/** Two instances of one model, whose bad answers have code 503, beside many with 504. */
function story(name: string, { bad, all = '100x20', fires }: StoryParts) {
  return {
    name,
    interval: '1m',
    input_series: [
      ...['a', 'b'].map((instance) => ({ series: `bad{model="m",code="503",instance="${instance}"}`, values: bad })),
      { series: 'bad{model="m",code="504",instance="a"}', values: '50x20' },
      { series: 'model_all{model="m"}', values: all },
    ],
    alert_rule_test: Object.entries(fires).map(([minute, isFiring]) => ({
      eval_time: `${minute}m`,
      alertname: 'LLMBad',
      exp_alerts: isFiring ? [{ exp_labels: { model: 'm', code: '503', severity: 'warning' } }] : [],
    })),
  };
}

const fires = story('fires just above, after two minutes', {
  bad: '0x4 6x15',
  all: '6x20',
  fires: { 6: false, 8: true },
});
const quiet = [
  story('stays quiet just below', { bad: '4x20', fires: { 10: false } }),
  story('stays quiet with little of all', { bad: '20x20', all: '4x20', fires: { 10: false } }),
];

async function survivorsOf(stories: readonly object[], folder: string): Promise<readonly string[]> {
  const file = readTestFile(stringify({ rule_files: ['x'], evaluation_interval: '30s', tests: stories }));
  const verdicts = await judge(mutants, { set, stories: storiesOf([['tests', file]], set), folder });
  return scoreOf(verdicts, []).survivors.map(({ change }) => change);
}

describe('mutation testing', () => {
  /** The recording that no alert needs, and the labels of its instances. */
  const beside = mutants.filter(({ rule }) => rule === 'model:other:sum').map(({ change }) => change);

  test('tests on both sides of every threshold leave no survivor', async (t) => {
    assert.deepEqual(await survivorsOf([fires, ...quiet], await tempDir(t)), beside);
  });

  test('a test that only fires lets whatever fires more easily survive', async (t) => {
    assert.deepEqual(await survivorsOf([fires], await tempDir(t)), [
      ...beside,
      'drop the right of and: model_all > 5',
      '10 to 5 in model:bad:sum > 10',
      '5 to 2.5 in model_all > 5',
    ]);
  });

  test('a story of all alerts kills what one about the alert does', async (t) => {
    const { alert_rule_test: _, ...told } = fires;
    const firing = (minute: number, samples: readonly object[]) => ({
      expr: 'group by (alertname, code) (ALERTS{alertstate="firing"})',
      eval_time: `${minute}m`,
      exp_samples: samples,
    });
    const whole = {
      ...told,
      promql_expr_test: [firing(6, []), firing(8, [{ labels: '{alertname="LLMBad",code="503"}', value: 1 }])],
    };
    assert.deepEqual(await survivorsOf([whole], await tempDir(t)), await survivorsOf([fires], await tempDir(t)));
  });

  test('a test that fails without a mutant is told of, for it would kill every one', async (t) => {
    const wrong = story('never fires', { bad: '6x20', fires: { 10: false } });
    await assert.rejects(survivorsOf([wrong], await tempDir(t)), /tests: never fires fails without any mutant/);
  });

  test('a mutant that promtool cannot read is no kill', async (t) => {
    const [first] = mutants;
    assert.ok(first);
    const replaced = new Map(
      [...first.replaced].map(([rule]) => [rule, { ...rule, expr: { ...rule.expr, value: 'sum(' } }]),
    );
    const file = readTestFile(stringify({ rule_files: ['x'], tests: [fires] }));
    const judging = judge([{ ...first, replaced }], {
      set,
      stories: storiesOf([['t', file]], set),
      folder: await tempDir(t),
    });
    await assert.rejects(judging, /no mutant that promtool can read: model:bad:sum/);
  });
});

describe('the mutants of a rule', () => {
  test('have one small fault each', () => {
    const texts = mutants
      .filter(({ rule }) => rule !== 'model:other:sum')
      .map(({ rule, change }) => `${rule}: ${change}`);
    assert.deepEqual(texts, [
      'model:bad:sum: drop code="503" in bad{code="503"}',
      'model:bad:sum: code: 503 to 504 in bad{code="503"}',
      'model:bad:sum: drop the labels of an instance from without in sum without (instance) (bad{code="503"})',
      'model:bad:sum: add code to without in sum without (instance) (bad{code="503"})',
      'LLMBad: drop the right of and: model_all > 5',
      'LLMBad: drop the left of and: model:bad:sum > 10',
      'LLMBad: flip > in model:bad:sum > 10',
      'LLMBad: flip > in model_all > 5',
      'LLMBad: 10 to 20 in model:bad:sum > 10',
      'LLMBad: 10 to 5 in model:bad:sum > 10',
      'LLMBad: 5 to 10 in model_all > 5',
      'LLMBad: 5 to 2.5 in model_all > 5',
      'LLMBad: for 2m to 0',
      'all rules: drop instance from every without',
    ]);
  });

  test('change windows, offsets, lists of values, groupings by labels, durations and the operands of or and unless', () => {
    const expr = '(max by (job) (rate(a{cause=~"x|y",job="j"}[5m] offset 1h)) unless b) or c';
    const rules = stringify({
      groups: [{ name: 'g', rules: [{ alert: 'A', expr, keep_firing_for: '5m', labels: {} }] }],
    });
    const other = mutantsOf(createRuleSet(readRuleFile(rules).groups), { values: { cause: ['x', 'y', 'z'] } });
    const mutated = other.flatMap(({ replaced }) => [...replaced.values()]);
    assert.deepEqual(
      mutated.map((rule) => `${rule.expr.value.replace(expr, '…')} ${rule.for ?? 0} ${rule.keepFiringFor ?? 0}`),
      [
        '(max by (job) (rate(a{cause=~"x|y",job="j"}[5m] offset 1h)) unless b) 0 5m',
        'c 0 5m',
        '(max by (job) (rate(a{cause=~"x|y",job="j"}[5m] offset 1h))) or c 0 5m',
        '(b) or c 0 5m',
        '(max by (job) (rate(a{job="j"}[5m] offset 1h)) unless b) or c 0 5m',
        '(max by (job) (rate(a{cause=~"z|y",job="j"}[5m] offset 1h)) unless b) or c 0 5m',
        '(max by (job) (rate(a{cause=~"x|z",job="j"}[5m] offset 1h)) unless b) or c 0 5m',
        '(max by (job) (rate(a{cause=~"x|y"}[5m] offset 1h)) unless b) or c 0 5m',
        '(max by () (rate(a{cause=~"x|y",job="j"}[5m] offset 1h)) unless b) or c 0 5m',
        '(max by (job) (rate(a{cause=~"x|y",job="j"}[20m] offset 1h)) unless b) or c 0 5m',
        '(max by (job) (rate(a{cause=~"x|y",job="j"}[5m] offset 1s)) unless b) or c 0 5m',
        '… 10m 5m',
        '… 0 0',
      ],
    );
  });
});

describe('the score', () => {
  const [first, second, third] = mutants;
  assert.ok(first && second && third);
  const verdicts = [{ mutant: first, killedBy: 'a story' }, { mutant: second }, { mutant: third }];

  test('leaves out what is listed with a reason', () => {
    const equivalent = { rule: second.rule, changes: [second.change], reason: 'shows nowhere' };
    const score = scoreOf(verdicts, [equivalent]);
    assert.deepEqual([score.killed, score.all, score.survivors, score.wrong], [1, 2, [third], []]);
    assert.equal(describeScore(score)[0], 'mutation score: 1 / 2 = 50.0 %');
  });

  test('refuses an entry for no mutant, and one for a mutant that is killed', () => {
    const reason = 'shows nowhere';
    const gone = { rule: first.rule, changes: ['gone'], reason };
    const killed = { rule: first.rule, changes: [first.change], reason };
    assert.deepEqual(scoreOf(verdicts, [gone, killed]).wrong, [
      `${first.rule}: gone: there is no such mutant`,
      `${first.rule}: ${first.change}: is killed by a story`,
    ]);
  });
});
