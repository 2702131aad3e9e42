import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { ask, counted, startSmallApi } from '../support/asking-proxy.ts';
import { newStateDir, runCli, startExporter } from '../support/exporter.ts';

const PORTS = ['--web.listen-address=127.0.0.1:0', '--proxy.listen-address=127.0.0.1:0'];

test('a second exporter on the same folder refuses to start; the first goes on, and its end frees the folder at once', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  let requests = 0;
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const first = await startExporter(t, args, { stateDir });
    const second = runCli(t, ['serve', ...PORTS, ...args, `--state.dir=${stateDir}`]);
    assert.equal(await second.exit, 1);
    assert.match(
      second.stderr(),
      new RegExp(`state.dir: ${stateDir} is in use by another llm-exporter: stop that one`),
    );
    assert.equal(second.stderr().trim().split('\n').length, 1, second.stderr());
    await ask(first, 'm1');
    requests += 1;
    await counted(first, { m1: requests });
    first.child.kill(signal);
    await first.exit;
  }
  await counted(await startExporter(t, args, { stateDir }), { m1: requests });
});

test('a start that fails later gives the folder up', async (t) => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());
  const address = squatter.address();
  assert.ok(typeof address === 'object' && address !== null);
  const stateDir = newStateDir();
  const flags = ['--upstream=http://127.0.0.1:1', `--state.dir=${stateDir}`, '--web.listen-address=127.0.0.1:0'];
  const refused = runCli(t, ['serve', ...flags, `--proxy.listen-address=127.0.0.1:${address.port}`]);
  assert.equal(await refused.exit, 1);
  await startExporter(t, ['--upstream=http://127.0.0.1:1'], { stateDir });
});
