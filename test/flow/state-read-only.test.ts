import assert from 'node:assert/strict';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, counted, startSmallApi } from '../support/asking-proxy.ts';
import { newStateDir, startExporter } from '../support/exporter.ts';

/** Root may write anywhere, so it lets nobody try. */
const uid = process.getuid?.() === 0 ? 65_534 : undefined;

test('a folder that may not be written to stops nothing, is told at once, and what is in it is taken up', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  await mkdir(stateDir, { mode: 0o755 });
  const first = await startExporter(t, args, { stateDir });
  await ask(first, 'm1', 3);
  await counted(first, { m1: 3 });
  first.child.kill('SIGTERM');
  assert.equal(await first.exit, 0);
  for (const name of await readdir(stateDir)) await chmod(join(stateDir, name), 0o444);
  await chmod(stateDir, 0o555);

  const second = await startExporter(t, args, { stateDir, uid });
  await ask(second, 'm1', 2);
  await counted(second, { m1: 5 });
  const said = second.stderr();
  assert.match(
    said,
    /level=warn msg="the state folder cannot be locked: nothing keeps a second llm-exporter from using it"/,
  );
  assert.match(said, /level=error msg="state cannot be written: .*" dir=\S+ err="EACCES: /);
  assert.equal((await second.scrape()).sum('llm_exporter_state_writes_total', { result: 'success' }) > 0, true);
  assert.ok((await second.scrape()).sum('llm_exporter_state_writes_total', { result: 'error' }) > 0);
  second.child.kill('SIGTERM');
  assert.equal(await second.exit, 0);
});

test('a folder that cannot be made, and state that may not be read, stop nothing either', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  await mkdir(stateDir, { mode: 0o555 });
  const nowhere = await startExporter(t, args, { stateDir: join(stateDir, 'a', 'b'), uid });
  await ask(nowhere, 'm1', 2);
  await counted(nowhere, { m1: 2 });
  assert.match(nowhere.stderr(), /state cannot be written.*EACCES/);

  await chmod(stateDir, 0o777);
  const owner = await startExporter(t, args, { stateDir });
  await ask(owner, 'm1', 7);
  await counted(owner, { m1: 7 });
  owner.child.kill('SIGTERM');
  await owner.exit;
  for (const name of await readdir(stateDir)) await chmod(join(stateDir, name), 0);
  const stranger = await startExporter(t, args, { stateDir, uid });
  await ask(stranger, 'm1');
  await counted(stranger, { m1: 1 });
  assert.match(stranger.stderr(), /state is damaged.*damage="it cannot be read: EACCES" set_aside=\S+corrupt/);
});

test('a folder in /proc, where none can be made, does not hold up the start', async (t) => {
  const exporter = await startExporter(t, [`--upstream=${await startSmallApi(t)}`, '--provider=p'], {
    stateDir: '/proc/nope',
  });
  await ask(exporter, 'm1', 2);
  await counted(exporter, { m1: 2 });
  assert.match(exporter.stderr(), /state cannot be written.*dir=\/proc\/nope err="ENOENT/);
});
