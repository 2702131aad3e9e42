import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Two timeouts that cut off what the API would still answer. */
async function hurtful(t: TestContext) {
  const file = join(await tempDir(t), 'config.yml');
  const write = (limits: string) =>
    writeFile(
      file,
      `proxy: { upstream: "http://127.0.0.1:1", provider: p, timeouts: { headers: 30s } }
providers: { p: { gateway_timeout: 120s } }
${limits}`,
    );
  await write('');
  return { file, write };
}

test('check-config warns of timeouts that cut answers off, and finds no fault in them', async (t) => {
  const { file } = await hurtful(t);
  const { code, stdout } = await runCommand(['check-config', file]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^.*: warning: proxy\.timeouts\.headers: 30s is below 60s: .*\n.*: warning: providers\.p\.gateway_timeout: 120s is above proxy\.timeouts\.headers, 30s: .*\n.*: ok\n$/,
  );
});

test('serve logs each warning once, reload or not, and the status page shows them', async (t) => {
  const { file, write } = await hurtful(t);
  const exporter = await startExporter(t, [`--config.file=${file}`]);
  const warnings = () => exporter.stderr().match(/level=warn msg="a setting works and is likely to hurt".*/g) ?? [];
  await eventually(() => assert.equal(warnings().length, 2));
  assert.match(warnings()[0] ?? '', /setting=proxy\.timeouts\.headers advice="30s is below 60s/);
  const page = await (await fetch(exporter.webUrl)).text();
  assert.match(page, /Warning: <code>proxy\.timeouts\.headers<\/code> 30s is below 60s/);
  assert.match(page, /Warning: <code>providers\.p\.gateway_timeout<\/code> 120s is above/);

  await write('limits: { models: 5 }');
  exporter.child.kill('SIGHUP');
  await eventually(() => assert.match(exporter.stderr(), /configuration reloaded/));
  await fetch(exporter.webUrl);
  assert.equal(warnings().length, 2);
});
