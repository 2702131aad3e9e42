import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { debianProgram } from '../../src/demo/programs.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Prometheus and Alertmanager start first. */
const START_MS = 120_000;

/** A demo from outside, with a temporary folder of its own in which nothing may be left. */
async function startDemo(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const folder = await tempDir(t);
  const child = spawn(process.execPath, ['src/main.ts', 'demo', ...args], {
    env: { ...process.env, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = once(child, 'close').then(([code]) => code);
  t.after(() => child.kill('SIGKILL'));
  const sees = (text: string | RegExp) =>
    eventually(() => {
      if (child.exitCode !== null) throw new Error(`the demo has ended: ${stdout}${stderr}`);
      assert.match(stdout, new RegExp(text));
    }, START_MS);
  return { child, exit, folder, sees, stdout: () => stdout, stderr: () => stderr };
}

/** The addresses it shows, by name. */
function addressesIn(stdout: string): ReadonlyMap<string, string> {
  const lines = stdout.matchAll(/^ {2}(\S.*?) {2,}(http:\/\/\S+)$/gm);
  return new Map([...lines].map(([, name = '', url = '']) => [name, url]));
}

/** Fails unless something answers there. */
async function assertUp(url: string): Promise<void> {
  await (await fetch(url)).arrayBuffer();
}

/**
 * No file, and no program: those that it starts have their files in its folder, on their command lines. Its addresses say nothing, since
 * whoever listens next may be given one of its ports.
 */
async function assertNothingIsLeft(folder: string): Promise<void> {
  assert.deepEqual(await readdir(folder), []);
  assert.deepEqual(await commandLines(folder), []);
}

/** Command lines of all programs that name the folder. */
async function commandLines(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return all.filter((line) => line.includes(folder));
}

describe('demo', () => {
  test('shows the page of an incident and its end, then ends by itself and leaves nothing', async (t) => {
    await debianProgram('prometheus');
    await debianProgram('alertmanager');
    const demo = await startDemo(t, ['--duration=10m']);
    await demo.sees('healthy: ');
    const addresses = addressesIn(demo.stdout());
    assert.deepEqual(
      [...addresses.keys()],
      ['status page', 'metrics', 'proxy', 'simulated API', 'Prometheus', 'Alertmanager'],
    );
    for (const url of addresses.values()) await assertUp(url);
    assert.equal((await commandLines(demo.folder)).length, 2, 'Prometheus and Alertmanager');
    assert.equal(await demo.exit, 0, demo.stdout() + demo.stderr());
    const story = demo.stdout();
    const page =
      /FIRING +LLMApi503Spike\w* \w+\n +provider +simulated\n +model +deepseek\/deepseek-v3\n +code +503\n +cause +surge_protection\n/;
    assert.match(story, page);
    assert.match(story.slice(story.search(page)), /\n\[.+ healed: [\s\S]+\nRESOLVED +LLMApi503Spike/);
    assert.match(story, /^ {2}deepseek\/deepseek-v3 +503 +surge_protection +[1-9]\d*$/m);
    assert.match(story, /^ {2}qwen\/qwen3-32b +200 +none +[1-9]\d*$/m);
    assert.doesNotMatch(story, /model +(?:qwen|meta-llama).*\n +code +503/);
    await assertNothingIsLeft(demo.folder);
  });

  test('ends at Ctrl-C with everything it started', async (t) => {
    await debianProgram('prometheus');
    await debianProgram('alertmanager');
    const demo = await startDemo(t, []);
    await demo.sees('healthy: ');
    demo.child.kill('SIGINT');
    assert.equal(await demo.exit, 1);
    assert.match(demo.stderr(), /the demo ended before its firing notification arrived/);
    await assertNothingIsLeft(demo.folder);
  });

  test('runs without Prometheus and Alertmanager, and says how to get them', async (t) => {
    const empty = await tempDir(t);
    const demo = await startDemo(t, ['--no-download'], { PATH: empty, XDG_CACHE_HOME: empty });
    assert.equal(await demo.exit, 0, demo.stdout() + demo.stderr());
    assert.match(demo.stdout(), /^No alerts in this demo: prometheus is missing: .+ apt-get install prometheus$/m);
    assert.deepEqual([...addressesIn(demo.stdout()).keys()], ['status page', 'metrics', 'proxy', 'simulated API']);
    assert.match(demo.stdout(), /^ {2}deepseek\/deepseek-v3 +503 +surge_protection +[1-9]\d*$/m);
    await assertNothingIsLeft(demo.folder);
  });
});
