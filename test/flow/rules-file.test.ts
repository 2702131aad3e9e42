import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type ExporterProcess, runCli, startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startUpstream } from '../support/upstream.ts';

/** An API that answers every request with an error nobody has heard of. */
async function startStrangeUpstream(t: TestContext): Promise<string> {
  const { url } = await startUpstream(t, (request, response) => {
    request.resume();
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end('{"error":{"code":"E_FLUX","message":"flux capacitor drained"}}');
  });
  return url;
}

/** A folder with a rules file that may be written again. */
async function rulesFolder(t: TestContext, rules: string) {
  const dir = await tempDir(t);
  const file = join(dir, 'rules.yml');
  await writeFile(file, rules);
  return { dir, file, write: (text: string) => writeFile(file, text) };
}

async function fail(exporter: ExporterProcess): Promise<void> {
  const response = await fetch(`${exporter.proxyUrl}/v1/chat/completions`, { method: 'POST', body: '{"model":"m"}' });
  await response.text();
}

const causes = async (exporter: ExporterProcess) => (await exporter.scrape()).by('llm_requests_total', ['cause']);
const reloadSuccess = async (exporter: ExporterProcess) =>
  (await exporter.scrape()).sum('llm_exporter_config_last_reload_successful');

const FLUX_IS = (cause: string) => `rules: [{ id: flux, match: { code: e_flux }, cause: ${cause} }]\n`;

describe('a rules file', () => {
  test('given to serve decides the cause of what the catalogue does not know', async (t) => {
    const { file } = await rulesFolder(t, FLUX_IS('surge_protection'));
    const exporter = await startExporter(t, [`--upstream=${await startStrangeUpstream(t)}`, `--rules.file=${file}`]);
    await fail(exporter);
    await eventually(async () => {
      const { by } = await exporter.scrape();
      assert.deepEqual(by('llm_requests_total', ['code', 'cause']), { '400 surge_protection': 1 });
      assert.deepEqual(by('llm_classifications_total', ['basis']), { user: 1 });
    });
  });

  test('is read anew by a reload, and a broken one leaves the old rules in force', async (t) => {
    const { dir, write } = await rulesFolder(t, FLUX_IS('surge_protection'));
    const config = join(dir, 'config.yml');
    const upstream = await startStrangeUpstream(t);
    await writeFile(config, `proxy: { upstream: "${upstream}" }\nclassify: { rules_file: rules.yml }\n`);
    const exporter = await startExporter(t, [`--config.file=${config}`]);
    await fail(exporter);
    await eventually(async () => assert.deepEqual(await causes(exporter), { surge_protection: 1 }));

    await write(FLUX_IS('flux'));
    exporter.child.kill('SIGHUP');
    await eventually(async () => assert.equal(await reloadSuccess(exporter), 0));
    assert.match(exporter.stderr(), /the old one stays.*rules.0.cause.*flux.*is no cause.*rules\.yml line=1 column=46/);
    await fail(exporter);
    await eventually(async () => assert.deepEqual(await causes(exporter), { surge_protection: 2 }));

    await write(FLUX_IS('model_loading'));
    exporter.child.kill('SIGHUP');
    await eventually(async () => assert.equal(await reloadSuccess(exporter), 1));
    await fail(exporter);
    await eventually(async () => assert.deepEqual(await causes(exporter), { surge_protection: 2, model_loading: 1 }));
  });

  test('that is wrong keeps serve from starting and names each fault with its place', async (t) => {
    const run = runCli(t, ['serve', '--upstream=http://127.0.0.1:1', '--rules.file=test/fixtures/rules/bad/ids.yml']);
    assert.equal(await run.exit, 1);
    assert.equal(run.stderr().trim().split('\n').length, 8, run.stderr());
    assert.match(run.stderr(), /statsu_503.* is no built-in rule" file=\S*ids\.yml line=20 column=5/);
  });

  test('with an example that does not hold starts with a warning, at a reload too', async (t) => {
    const { file, write } = await rulesFolder(t, 'test: [{ status: 503, expect: model_loading }]\n');
    const exporter = await startExporter(t, ['--upstream=http://127.0.0.1:1', `--rules.file=${file}`]);
    const warnings = () =>
      exporter.stderr().match(/level=warn msg="an example in the rules file does not hold".*/g) ?? [];
    await eventually(() => assert.match(warnings()[0] ?? '', /expected model_loading, but .* line=1 column=8/));
    await write('test: [{ status: 503, expect: quota_exhausted }]\n');
    exporter.child.kill('SIGHUP');
    await eventually(() => assert.match(warnings()[1] ?? '', /expected quota_exhausted/));
    assert.equal(await reloadSuccess(exporter), 1);
  });

  test('is checked with its examples by check-config, alone or as the configuration names it', async (t) => {
    const alone = runCli(t, ['check-config', '--rules.file=docs/example-rules.yml']);
    assert.equal(await alone.exit, 0, alone.stderr());
    assert.match(alone.stdout(), /^docs\/example-rules\.yml: ok, examples: \d+\n$/);

    const { dir, file, write } = await rulesFolder(
      t,
      `${FLUX_IS('model_loading')}test: [{ status: 400, body: { code: e_flux }, expect: model_loading }]\n`,
    );
    const config = join(dir, 'config.yml');
    await writeFile(config, 'stdin: {}\nclassify: { rules_file: rules.yml }\n');
    const good = runCli(t, ['check-config', config]);
    assert.equal(await good.exit, 0, good.stderr());
    assert.equal(good.stdout(), `${config}: ok\n${file}: ok, examples: 1\n`);

    await write(
      `${FLUX_IS('model_loading')}test: [{ status: 400, body: { code: e_flux }, expect: surge_protection }]\n`,
    );
    const bad = runCli(t, ['check-config', config]);
    assert.equal(await bad.exit, 1);
    assert.match(
      bad.stderr(),
      /test\.0: expected surge_protection, but it comes out as model_loading \(rule flux\).*line=2 column=8/,
    );
    assert.equal(bad.stdout(), '');
  });
});
