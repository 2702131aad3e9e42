import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram } from '../../../../src/demo/programs.ts';
import type { Rule } from '../rule-file.ts';
import type { RuleSet } from '../rule-set.ts';
import { rulesOfStory, type StoryJson, type TestFileJson } from '../test-file.ts';
import type { Mutant } from './mutants.ts';

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
  const records = new Map<Story, Record>();
  await inParallel(stories, parallel, async (story) => {
    const started = performance.now();
    const broken = await promtool(story, new Map());
    if (broken !== undefined) throw new Error(`${story.name} fails without any mutant:\n${broken}`);
    records.set(story, { milliseconds: performance.now() - started, runs: 0, kills: 0 });
  });
  const worth = (story: Story) => {
    const { milliseconds = 1, runs = 0, kills = 0 } = records.get(story) ?? {};
    return (kills + 1) / (runs + 2) / milliseconds;
  };
  const verdicts = new Map<Mutant, Verdict>();
  await inParallel(mutants, parallel, async (mutant) => {
    const concerned = stories.filter(({ rules }) => [...mutant.replaced.keys()].some((rule) => rules.has(rule)));
    let killedBy: string | undefined;
    for (const story of concerned.sort((a, b) => worth(b) - worth(a))) {
      const broken = await promtool(story, mutant.replaced);
      const record = records.get(story);
      if (record !== undefined) record.runs += 1;
      if (broken === undefined) continue;
      if (!isVerdict(broken))
        throw new Error(`no mutant that promtool can read: ${mutant.rule}: ${mutant.change}\n${broken}`);
      if (record !== undefined) record.kills += 1;
      killedBy = story.name;
      break;
    }
    const verdict = { mutant, ...(killedBy !== undefined && { killedBy }) };
    verdicts.set(mutant, verdict);
    onVerdict?.(verdict);
  });
  return mutants.flatMap((mutant) => verdicts.get(mutant) ?? []);
}

interface Record {
  readonly milliseconds: number;
  runs: number;
  kills: number;
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
