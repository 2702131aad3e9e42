import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { debianProgram, type ProgramName } from '../../src/demo/programs.ts';
import { renderPack } from '../../src/mixin/pack.ts';
import { defaultSettings, type MixinSettings } from '../../src/mixin/settings/settings.ts';
import { tempDir } from '../support/temp-dir.ts';

export interface RuleJson {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface GroupJson {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly RuleJson[];
}

/** The pack as text, with other settings than the defaults where given. */
export function pack(overrides: Partial<MixinSettings> = {}): Promise<ReadonlyMap<string, string>> {
  return renderPack({ ...defaultSettings, ...overrides });
}

/** The same in a temp folder; gives back the folder. */
export async function packFolder(t: TestContext, overrides: Partial<MixinSettings> = {}): Promise<string> {
  const folder = await tempDir(t);
  for (const [path, text] of await pack(overrides)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** The groups of the rule file, as any YAML reader sees them. */
export async function ruleGroupsOf(files: ReadonlyMap<string, string>): Promise<readonly GroupJson[]> {
  // promtool checks the shape of the same text in another test.
  return (parse(files.get('alerts/llm.rules.yml') ?? '') as { groups: GroupJson[] }).groups;
}

export function alertsOf(groups: readonly GroupJson[]): readonly (RuleJson & { readonly alert: string })[] {
  return groups.flatMap(({ rules }) => rules).filter((rule) => rule.alert !== undefined) as (RuleJson & {
    alert: string; // The filter has just seen it.
  })[];
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  /** Both streams, to show when something fails. */
  readonly output: string;
}

/** Far more than any of the tools takes, and less than a test may. */
const TOOL_TIMEOUT_MS = 240_000;

/** Runs one of Prometheus' tools to its end. */
export async function run(program: ProgramName, args: readonly string[], cwd: string): Promise<Outcome> {
  const path = await debianProgram(program);
  return new Promise((resolve) => {
    execFile(path, [...args], { cwd, timeout: TOOL_TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, output: stdout + stderr });
    });
  });
}
