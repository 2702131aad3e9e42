import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { debianProgram } from '../../src/demo/programs.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp-dir.ts';

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
  const sees = (text: string | RegExp, deadlineMs: number) =>
    eventually(() => {
      if (child.exitCode !== null) throw new Error(`the demo has ended: ${stdout}${stderr}`);
      assert.match(stdout, new RegExp(text));
    }, deadlineMs);
  return { child, exit, folder, sees, stdout: () => stdout, stderr: () => stderr };
}

/** The addresses it shows, by name. */
function addressesIn(stdout: string): ReadonlyMap<string, string> {
  const lines = stdout.matchAll(/^ {2}(\S.*?) {2,}(http:\/\/\S+)$/gm);
  return new Map([...lines].map(([, name = '', url = '']) => [name, url]));
}

async function isUp(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return true;
    },
    () => false,
  );
}

async function assertNothingIsLeft(folder: string, addresses: Iterable<string>): Promise<void> {
  assert.deepEqual(await readdir(folder), []);
  for (const url of addresses) assert.equal(await isUp(url), false, `${url} still answers`);
}

describe('demo', () => {
  test('shows the page of an incident and its end, then ends by itself and leaves nothing', async (t) => {
    await debianProgram('prometheus');
    await debianProgram('alertmanager');
    const demo = await startDemo(t, ['--duration=10m']);
    await demo.sees('healthy: ', 60_000);
    const addresses = addressesIn(demo.stdout());
    assert.deepEqual(
      [...addresses.keys()],
      ['status page', 'metrics', 'proxy', 'simulated API', 'Prometheus', 'Alertmanager'],
    );
    for (const url of addresses.values()) assert.ok(await isUp(url), url);
    assert.equal(await demo.exit, 0, demo.stdout() + demo.stderr());
    const story = demo.stdout();
    const page =
      /FIRING +LLMApi503Spike\w* \w+\n +provider +simulated\n +model +deepseek\/deepseek-v3\n +code +503\n +cause +surge_protection\n/;
    assert.match(story, page);
    assert.match(story.slice(story.search(page)), /\n\[.+ healed: [\s\S]+\nRESOLVED +LLMApi503Spike/);
    assert.match(story, /^ {2}deepseek\/deepseek-v3 +503 +surge_protection +[1-9]\d*$/m);
    assert.match(story, /^ {2}qwen\/qwen3-32b +200 +none +[1-9]\d*$/m);
    assert.doesNotMatch(story, /model +(?:qwen|meta-llama).*\n +code +503/);
    await assertNothingIsLeft(demo.folder, addresses.values());
  });

  test('ends at Ctrl-C with everything it started', async (t) => {
    await debianProgram('prometheus');
    await debianProgram('alertmanager');
    const demo = await startDemo(t, []);
    await demo.sees('healthy: ', 60_000);
    demo.child.kill('SIGINT');
    assert.equal(await demo.exit, 1);
    assert.match(demo.stderr(), /the demo ended before its firing notification arrived/);
    await assertNothingIsLeft(demo.folder, addressesIn(demo.stdout()).values());
  });

  test('runs without Prometheus and Alertmanager, and says how to get them', async (t) => {
    const empty = await tempDir(t);
    const demo = await startDemo(t, ['--no-download'], { PATH: empty, XDG_CACHE_HOME: empty });
    assert.equal(await demo.exit, 0, demo.stdout() + demo.stderr());
    assert.match(demo.stdout(), /^No alerts in this demo: prometheus is missing: .+ apt-get install prometheus$/m);
    assert.deepEqual([...addressesIn(demo.stdout()).keys()], ['status page', 'metrics', 'proxy', 'simulated API']);
    assert.match(demo.stdout(), /^ {2}deepseek\/deepseek-v3 +503 +surge_protection +[1-9]\d*$/m);
    await assertNothingIsLeft(demo.folder, addressesIn(demo.stdout()).values());
  });
});
