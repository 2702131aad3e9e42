import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DEADLINE_MS, eventually } from './eventually.ts';
import { type Scrape, scrape } from './scrape.ts';
import { atLast } from './temp-dir.ts';

/** One run of the command line, from outside. */
export interface CliRun {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
}

export interface CliOptions {
  /** Gives it a standard input. */
  readonly stdin?: boolean;
  /** The user to run it as; only root may ask for another. */
  readonly uid?: number | undefined;
  /** What its environment has beside ours. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How many files and connections it may have open. */
  readonly openFiles?: number | undefined;
}

/** Starts `llm-exporter ARGS`; the test ends it if it still runs by then. */
export function runCli(
  t: TestContext,
  args: readonly string[],
  { stdin = false, uid, env, openFiles }: CliOptions = {},
): CliRun {
  const limit = openFiles === undefined ? [] : ['sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`];
  const [program = process.execPath, ...rest] = [...limit, process.execPath, 'src/main.ts', ...args];
  const child = spawn(program, rest, {
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (output.stdout += chunk));
  child.stderr?.on('data', (chunk) => (output.stderr += chunk));
  const exit = once(child, 'close').then(([code, signal]) => code ?? signal);
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return { child, exit, stdout: () => output.stdout, stderr: () => output.stderr };
}

/** A running `llm-exporter serve`. */
export interface ExporterProcess extends CliRun {
  /** Absent when nothing is proxied. */
  readonly proxyUrl: string;
  readonly webUrl: string;
  scrape(): Promise<Scrape>;
}

/** A place for the state of exporters that does not exist yet: they make it themselves. */
export function newStateDir(): string {
  return join(tmpdir(), `llm-exporter-state-${randomUUID()}`);
}

/**
 * Starts `serve` on free loopback ports and waits until it says that it listens. Its state is in `stateDir` and goes with it; a test that
 * starts it anew gives both runs the same one.
 */
export async function startExporter(
  t: TestContext,
  args: readonly string[],
  {
    stateDir = newStateDir(),
    startsWithinMs = DEADLINE_MS,
    ...options
  }: CliOptions & { readonly stateDir?: string | undefined; readonly startsWithinMs?: number } = {},
): Promise<ExporterProcess> {
  const ports = ['--web.listen-address=127.0.0.1:0', '--proxy.listen-address=127.0.0.1:0'];
  const proxied = args.some((arg) => arg.startsWith('--upstream') || arg.startsWith('--config.file'));
  const state = args.some((arg) => arg.startsWith('--state.dir')) ? [] : [`--state.dir=${stateDir}`];
  const run = runCli(t, ['serve', ...ports.slice(0, proxied ? 2 : 1), ...state, ...args], options);
  atLast(t, () => rm(stateDir, { recursive: true, force: true }));
  const address = (message: string) =>
    eventually(() => {
      assert.equal(run.child.exitCode, null, `serve ended: ${run.stderr()}`);
      const found = new RegExp(`msg="${message}" address=(\\S+)`).exec(run.stderr())?.[1];
      assert.ok(found, `no "${message}" in: ${run.stderr()}`);
      return found;
    }, startsWithinMs);
  const webUrl = (await address('metrics are served')).replace('/metrics', '');
  const proxyUrl = proxied ? await address('proxy is listening') : '';
  return { ...run, webUrl, proxyUrl, scrape: () => scrape(webUrl) };
}
