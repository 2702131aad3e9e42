import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../support/rules/mutation/judge.ts';
import { describeScore, scoreOf } from '../support/rules/mutation/score.ts';
import { tempDir } from '../support/temp-dir.ts';
import { argued, equivalents } from './equivalents.ts';
import { readPack } from './pack.ts';

/** What the pack promises. */
const LEAST = 0.9;
/** Only rules whose name fits are mutated: `MUTATE=LLMApi503 npm run test:mutation`, while one writes their tests. */
const ONLY = new RegExp(process.env.MUTATE ?? '');
/** Between two lines about how far it is. */
const TOLD_EVERY = 50;

test(`at least ${LEAST * 100} % of the faults put into the rules break one of their tests`, async (t) => {
  const { set, stories, mutants: all, untested } = readPack();
  const mutants = all.filter(({ rule }) => ONLY.test(rule));
  assert.ok(mutants.length > 0, `no rule fits ${ONLY}`);
  for (const { name } of untested) t.diagnostic(`not mutated, for no alert needs it: ${name}`);
  let judged = 0;
  const verdicts = await judge(mutants, {
    set,
    stories,
    folder: await tempDir(t),
    onVerdict({ mutant: { rule, change }, killedBy }) {
      judged += 1;
      if (killedBy === undefined) process.stderr.write(`survives: ${rule}: ${change}\n`);
      if (judged % TOLD_EVERY === 0) process.stderr.write(`${judged} of ${mutants.length} mutants\n`);
    },
  });
  const score = scoreOf(
    verdicts,
    equivalents.filter(({ rule }) => ONLY.test(rule)),
  );
  for (const line of describeScore(score)) t.diagnostic(line);
  assert.deepEqual(score.wrong, []);
  const reasons = new Map(
    argued.flatMap(({ rule, changes, reason }) => changes.map((change) => [`${rule}: ${change}`, reason])),
  );
  const survivors = score.survivors.map(({ rule, change }) => `${rule}: ${change}`);
  for (const name of survivors) t.diagnostic(`${name}: ${reasons.get(name) ?? 'NOT ARGUED'}`);
  assert.deepEqual(
    survivors.filter((name) => !reasons.has(name)),
    [],
    'survivors that equivalents.ts does not argue',
  );
  assert.ok(score.killed >= LEAST * score.all, `only ${score.killed} of ${score.all}; the survivors are told above`);
});
