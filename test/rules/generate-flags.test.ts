import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';
import { packFolder, run } from './pack.ts';

const SELECTORS = ['job="x",env!="dev"', "job=~'(?i)llm.+'", 'job="a \\"b\\" }"', 'job=~"(?P<n>a)\\\\.b"'];
const REFUSED = ['nonsense((', 'job=', '{job="x"}', 'job="x",', 'job=~"("', 'job="a\\.b"'];
const URLS = ['https://x/{{x}}', 'https://x/{{ $labels.model }}', 'x', 'ftp://x', 'https://x/?a=b', 'https://x/ y'];

/** The message of the one log line, without the quoting of the log. */
function messageIn(stderr: string): string {
  const [, quoted = '""'] = /msg=("(?:[^"\\]|\\.)*")/.exec(stderr) ?? [];
  return String(JSON.parse(quoted));
}

describe('generate', () => {
  test('writes rules that promtool takes, whatever selector it takes', async (t) => {
    for (const selector of SELECTORS) {
      const folder = await tempDir(t);
      const generate = runCli(t, ['generate', `--output-dir=${folder}`, `--selector=${selector}`]);
      assert.equal(await generate.exit, 0, generate.stderr());
      const check = await run('promtool', ['check', 'rules', 'alerts/llm.rules.yml'], folder);
      assert.equal(check.code, 0, `${selector}: ${check.output}`);
    }
  });

  test('refuses a selector that promtool would refuse, and shows the right form', async (t) => {
    for (const selector of REFUSED) {
      const folder = await packFolder(t, { selector });
      const check = await run('promtool', ['check', 'rules', 'alerts/llm.rules.yml'], folder);
      assert.notEqual(check.code, 0, `promtool takes ${selector}`);
      const generate = runCli(t, ['generate', `--output-dir=${await tempDir(t)}`, `--selector=${selector}`]);
      assert.equal(await generate.exit, 1);
      assert.ok(messageIn(generate.stderr()).startsWith(`alerts.selector: ${selector} is not`), generate.stderr());
      assert.match(generate.stderr(), /file=--selector/);
      assert.match(messageIn(generate.stderr()), /write it as job="llm-exporter",region=~"eu-\.\+"/);
    }
  });

  test('refuses an address that rules cannot hold or paths cannot follow, naming the flag', async (t) => {
    for (const [flag, setting] of [
      ['--runbook-url', 'alerts.runbook_base_url'],
      ['--grafana-url', 'alerts.grafana_url'],
    ] as const) {
      for (const url of URLS) {
        const generate = runCli(t, ['generate', `--output-dir=${await tempDir(t)}`, `${flag}=${url}`]);
        assert.equal(await generate.exit, 1, url);
        assert.ok(messageIn(generate.stderr()).startsWith(`${setting}: ${url} is not`), generate.stderr());
        assert.match(generate.stderr(), new RegExp(`file=${flag}`));
        assert.match(generate.stderr(), /write it as https:\/\/example\.com\/path/);
      }
    }
  });

  test('does not repeat a password', async (t) => {
    const generate = runCli(t, ['generate', `--output-dir=${await tempDir(t)}`, '--grafana-url=https://me:hunter2@x']);
    assert.equal(await generate.exit, 1);
    assert.match(generate.stderr(), /<secret>@x/);
    assert.doesNotMatch(generate.stderr(), /hunter2/);
  });

  test('an address may end with a slash', async (t) => {
    const folder = await tempDir(t);
    const generate = runCli(t, [
      'generate',
      `--output-dir=${folder}`,
      '--grafana-url=https://grafana.example.com/sub/',
    ]);
    assert.equal(await generate.exit, 0, generate.stderr());
    const rules = await readFile(join(folder, 'alerts/llm.rules.yml'), 'utf8');
    assert.ok(rules.includes('https://grafana.example.com/sub/d/llm-provider?'));
  });
});
