import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startConfigured } from '../support/configured-exporter.ts';
import { eventually } from '../support/eventually.ts';
import { requestLine } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

const COMBINED =
  '10.1.2.3 - secretuser [02/Sep/2026:00:31:44 +0000] "POST /v1/chat/completions?key=sk-secret HTTP/1.1" 503 512 "-" "x"\n';
const SHAPE = '0.0.0.0 - a [0/a/0:0:0:0 ?0] "a /x/a/a?a=a-a a/0.0" 0 0 "-" "a"';

test('a log that is configured in a wrong format is told in the log, on the page and in the API, until it is mended', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'access.log');
  await writeFile(file, '');
  const exporter = await startConfigured(t, dir, { logs: [{ file, format: 'nginx-json' }] });
  // Any: what the API says is checked below, not by types.
  const source = async () => JSON.parse(await (await fetch(`${exporter.webUrl}/api/v1/status`)).text()).data.sources[0];
  const page = async () => (await fetch(exporter.webUrl)).text();

  await appendFile(file, COMBINED.repeat(97) + requestLine(1).repeat(3));
  await eventually(async () => assert.equal((await source()).lines, 100));
  const { fit, rejectedShapes } = await source();
  assert.deepEqual(fit, { verdict: 'rejected', events: 3, filtered: 0, rejected: 97 });
  const [{ reason, shape, seen }] = rejectedShapes;
  assert.deepEqual([reason, shape, seen], ['invalid_json', SHAPE, 97]);
  const told = await page();
  assert.match(told, /97\.0 % of the last 100 lines of <code>.*access\.log<\/code> could not be read/);
  assert.ok(told.includes(`llm-exporter detect ${file}<`), 'the command to run');
  assert.match(told, /Rejected lines.*0\.0\.0\.0 - a/s);
  assert.match(
    exporter.stderr(),
    /level=warn msg="most lines of this source could not be read: llm-exporter detect FILE/,
  );
  for (const text of [told, exporter.stderr(), JSON.stringify(await source())]) assert.doesNotMatch(text, /secret/);

  await exporter.reload({ logs: [{ file, format: 'combined' }] });
  await appendFile(file, COMBINED.repeat(200));
  await eventually(async () => assert.equal((await source()).fit.verdict, 'good'));
  assert.doesNotMatch(await page(), /could not be read/);
  await eventually(() => assert.match(exporter.stderr(), /level=info msg="the lines of this source fit again"/));
  const { text } = await exporter.scrape();
  assert.doesNotMatch(text, /secret/);
});

test('a log of other paths only is hinted at, once', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'access.log');
  await writeFile(file, '');
  const exporter = await startConfigured(t, dir, { logs: [{ file, format: 'nginx-json' }] });
  const line = '{"status":200,"request_uri":"/index.html"}\n';
  await appendFile(file, line.repeat(3_000));
  await eventually(async () => {
    assert.match(await (await fetch(exporter.webUrl)).text(), /0 of 3,000 lines of .* were LLM requests/);
  });
  await appendFile(file, line.repeat(3_000));
  await eventually(async () => assert.match(await (await fetch(exporter.webUrl)).text(), /0 of 6,000 lines/));
  assert.equal(exporter.stderr().split('no line of this source was an LLM request').length, 2);
});
