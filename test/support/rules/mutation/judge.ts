import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram } from '../../../../src/demo/programs.ts';
import type { Rule } from '../rule-file.ts';
import type { RuleSet } from '../rule-set.ts';
import { rulesOfStory, type StoryJson, type TestFileJson } from '../test-file.ts';
import type { Mutant } from './mutants.ts';
import { createNarrowing } from './narrowed.ts';

/** One story that promtool can run by itself, with the rules it needs and no others. */
export interface Story {
  readonly name: string;
  readonly file: TestFileJson;
  readonly json: StoryJson;
  readonly rules: ReadonlySet<Rule>;
}

/** What the tests made of a mutant. */
export interface Verdict {
  readonly mutant: Mutant;
  /** The story that broke; absent: the mutant survives. */
  readonly killedBy?: string;
}

export interface JudgeOptions {
  readonly set: RuleSet;
  readonly stories: readonly Story[];
  /** For the files that promtool reads. */
  readonly folder: string;
  /** How many promtools may run at once. */
  readonly parallel?: number;
  /** Called with each verdict, in no order. */
  readonly onVerdict?: (verdict: Verdict) => void;
}

/** A story must not take longer; without mutants the slowest takes a few seconds. */
const TIMEOUT_MS = 120_000;

/** A short run needs no second thread and no thrifty garbage collector: a quarter of its CPU time less. */
const GO_SETTINGS = { GOMAXPROCS: '1', GOGC: '400' };

/** The stories of test files, each with its rules. */
export function storiesOf(
  files: readonly (readonly [path: string, file: TestFileJson])[],
  set: RuleSet,
): readonly Story[] {
  return files.flatMap(([path, file]) =>
    file.tests.map((json, index) => ({
      name: `${path}: ${json.name ?? `test ${index + 1}`}`,
      file,
      json,
      rules: rulesOfStory(json, set),
    })),
  );
}

/**
 * Runs the real promtool on each mutant and each story about the mutated rule, until one breaks. First come those that
 * have broken most often for their time, which makes most mutants cost one short run. Throws when a story breaks
 * without a mutant, or when promtool cannot read a mutant: both would look like a kill.
 */
export async function judge(mutants: readonly Mutant[], options: JudgeOptions): Promise<readonly Verdict[]> {
  const { set, stories, folder, parallel = 2, onVerdict } = options;
  const promtool = createPromtool(await debianProgram('promtool'), { set, folder });
  const narrow = createNarrowing(set);
  const milliseconds = new Map<Story, number>();
  await inParallel(stories, parallel, async (story) => {
    const started = performance.now();
    const broken = await promtool(story, new Map());
    if (broken !== undefined) throw new Error(`${story.name} fails without any mutant:\n${broken}`);
    milliseconds.set(story, performance.now() - started);
  });
  const experience = createExperience();
  const verdicts = new Map<Mutant, Verdict>();
  await inParallel(mutants, parallel, async (mutant) => {
    const concerned = stories.flatMap((story) => {
      const narrowed = narrow(story, [...mutant.replaced.keys()]);
      if (narrowed === undefined) return [];
      const cost = ((milliseconds.get(story) ?? 1) * narrowed.rules.size) / story.rules.size;
      return [{ story, narrowed, worth: experience.chance(story, mutant) / cost }];
    });
    let killedBy: string | undefined;
    for (const { story, narrowed } of concerned.sort((a, b) => b.worth - a.worth)) {
      const broken = await promtool(narrowed, mutant.replaced);
      if (broken !== undefined && !isVerdict(broken))
        throw new Error(`no mutant that promtool can read: ${mutant.rule}: ${mutant.change}\n${broken}`);
      experience.learn(story, mutant, broken !== undefined);
      if (broken === undefined) continue;
      killedBy = story.name;
      break;
    }
    const verdict = { mutant, ...(killedBy !== undefined && { killedBy }) };
    verdicts.set(mutant, verdict);
    onVerdict?.(verdict);
  });
  return mutants.flatMap((mutant) => verdicts.get(mutant) ?? []);
}

/** How often stories have killed: what has killed a mutant of a rule is likely to kill another of the same rule. */
function createExperience() {
  const known = new Map<Story | string, { runs: number; kills: number }>();
  const of = (key: Story | string) => {
    const found = known.get(key) ?? { runs: 0, kills: 0 };
    known.set(key, found);
    return found;
  };
  const ofRule = ({ name }: Story, { rule }: Mutant) => of(`${name} of ${rule}`);
  return {
    chance(story: Story, mutant: Mutant): number {
      const anywhere = of(story);
      const here = ofRule(story, mutant);
      return (here.kills + (anywhere.kills + 1) / (anywhere.runs + 2)) / (here.runs + 1);
    },
    learn(story: Story, mutant: Mutant, killed: boolean): void {
      for (const one of [of(story), ofRule(story, mutant)]) {
        one.runs += 1;
        if (killed) one.kills += 1;
      }
    },
  };
}

/** A broken story shows what was expected, or that a rule could not be evaluated; the rest is about files. */
function isVerdict(output: string): boolean {
  return /\bexp: ?[[{]|\bexp:|err: /.test(output) && !/parse error|could not parse|unmarshal/.test(output);
}

async function inParallel<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

type Promtool = (story: Story, replaced: ReadonlyMap<Rule, Rule>) => Promise<string | undefined>;

/** Gives back what promtool says when the story breaks, and nothing when it passes. */
function createPromtool(path: string, { set, folder }: Pick<JudgeOptions, 'set' | 'folder'>): Promtool {
  let runs = 0;
  return async ({ file, json, rules }, replaced) => {
    runs += 1;
    const names = { rules: `${runs}.rules.json`, test: `${runs}.test.json` };
    const groups = set.groups.map(({ name, interval, rules: all }) => ({
      name,
      ...(interval !== undefined && { interval }),
      rules: all.filter((rule) => rules.has(rule)).map((rule) => ruleJson(replaced.get(rule) ?? rule)),
    }));
    const { group_eval_order: order, ...rest } = file;
    await writeFile(
      join(folder, names.rules),
      JSON.stringify({ groups: groups.filter((group) => group.rules.length > 0) }),
    );
    await writeFile(join(folder, names.test), JSON.stringify({ ...rest, rule_files: [names.rules], tests: [json] }));
    const broken = await new Promise<string | undefined>((resolve, reject) => {
      const settings = { cwd: folder, timeout: TIMEOUT_MS, env: { ...process.env, ...GO_SETTINGS } };
      execFile(path, ['test', 'rules', names.test], settings, (error, stdout, stderr) => {
        if (error === null) resolve(undefined);
        else if (error.killed) reject(new Error(`promtool took longer than ${TIMEOUT_MS} ms`));
        else resolve(stdout + stderr);
      });
    });
    await Promise.all(Object.values(names).map((name) => rm(join(folder, name))));
    return broken;
  };
}

/** A rule as Prometheus reads it; JSON is YAML, too. */
function ruleJson({ kind, name, expr, for: wait, keepFiringFor, labels, annotations }: Rule): object {
  return {
    [kind]: name,
    expr: expr.value,
    ...(wait !== undefined && { for: wait }),
    ...(keepFiringFor !== undefined && { keep_firing_for: keepFiringFor }),
    labels,
    ...(kind === 'alert' && { annotations }),
  };
}
