import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { runCli, startExporter } from '../support/exporter.ts';

describe('the command line', () => {
  test('an unknown flag is a usage error that names it', async (t) => {
    const run = runCli(t, ['serve', '--upstrem', 'https://api.novita.ai']);
    assert.equal(await run.exit, 2);
    assert.match(run.stderr(), /unknown option '--upstrem'.*--upstream/s);
  });

  test('a choice outside its set is a usage error that names the set', async (t) => {
    const run = runCli(t, ['serve', '--file', 'x', '--format', 'ngnix']);
    assert.equal(await run.exit, 2);
    assert.match(run.stderr(), /ngnix.*nginx-json/s);
  });

  test('a flag that would change nothing is refused', async (t) => {
    const run = runCli(t, ['serve', '--config.file=docs/example.yml', '--provider=novita']);
    assert.equal(await run.exit, 1);
    assert.match(run.stderr(), /--provider novita: needs --upstream, --file or --stdin/);
  });

  test('nothing to watch is a problem that says what would be', async (t) => {
    const run = runCli(t, ['serve']);
    assert.equal(await run.exit, 1);
    assert.match(
      run.stderr(),
      /nothing to watch: it needs a proxy with an upstream, a log file, stdin, push or syslog/,
    );
  });

  test('a broken configuration shows every fault with its place, and starts nothing', async (t) => {
    const run = runCli(t, ['serve', '--config.file', 'test/fixtures/config/bad/three-faults.yml']);
    assert.equal(await run.exit, 1);
    const faults = run.stderr().trim().split('\n');
    assert.equal(faults.length, 3, run.stderr());
    assert.match(faults[0] ?? '', /no such setting here.* file=\S*three-faults.yml line=5 column=3/);
  });

  test('check-config answers ok with 0 and faults with 1', async (t) => {
    const good = runCli(t, ['check-config', 'docs/example.yml']);
    assert.equal(await good.exit, 0);
    assert.equal(good.stdout(), 'docs/example.yml: ok\n');
    assert.equal(await runCli(t, ['check-config', 'test/fixtures/config/bad/broken-yaml.yml']).exit, 1);
  });

  test('a port in use is named, with the setting that chose it', async (t) => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    t.after(() => squatter.close());
    const address = squatter.address();
    assert.ok(typeof address === 'object' && address !== null);
    for (const setting of ['proxy', 'web']) {
      const flags = ['--proxy.listen-address=127.0.0.1:0', '--web.listen-address=127.0.0.1:0', '--state.sync=off'];
      const taken = `--${setting}.listen-address=127.0.0.1:${address.port}`;
      const run = runCli(t, ['serve', '--upstream=http://127.0.0.1:1', ...flags, taken]);
      assert.equal(await run.exit, 1);
      assert.match(run.stderr(), new RegExp(`${setting}.listen_address: 127.0.0.1:${address.port} .*in use`));
    }
  });

  test('every command has help with an example', async (t) => {
    const help = runCli(t, ['--help']);
    assert.equal(await help.exit, 0);
    for (const command of [
      'serve',
      'check-config',
      'causes',
      'explain',
      'generate',
      'simulate',
      'demo',
      'notifications',
    ]) {
      assert.match(help.stdout(), new RegExp(`^  ${command} `, 'm'));
      const run = runCli(t, [command, '--help']);
      assert.equal(await run.exit, 0);
      assert.match(run.stdout(), /Examples?:.*\bllm-exporter /s);
    }
  });

  test('log lines can be JSON', async (t) => {
    const exporter = await startExporter(t, ['--upstream=http://127.0.0.1:1']);
    assert.match(exporter.stderr(), /^ts=\S+ level=info msg="/m);
    const run = runCli(t, ['serve', '--stdin', '--log.format=json', '--web.listen-address=127.0.0.1:x']);
    assert.equal(await run.exit, 1);
  });
});
