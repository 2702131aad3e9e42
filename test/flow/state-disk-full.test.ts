import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ask, counted, startSmallApi } from '../support/asking-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { newStateDir, startExporter } from '../support/exporter.ts';
import { atLast } from '../support/temp-dir.ts';

/** A disk of its own in memory. */
async function mountSmallDisk(t: TestContext): Promise<string> {
  const disk = newStateDir();
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
  atLast(t, async () => {
    execFileSync('umount', ['--lazy', disk]);
    await rm(disk, { recursive: true, force: true });
  });
  return disk;
}

/** Takes all that is left. */
async function fill(file: string): Promise<void> {
  const { bavail, bsize } = await statfs(join(file, '..'));
  await writeFile(file, Buffer.alloc(bavail * bsize));
}

const canMount = () => {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
};

test('a full disk stops nothing: it is told, and when there is room again nothing counted meanwhile is missing', {
  skip: !canMount() && 'only root can mount a small disk',
}, async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const disk = await mountSmallDisk(t);
  const stateDir = join(disk, 'state');
  const exporter = await startExporter(t, args, { stateDir });
  const writes = async (result: string) => (await exporter.scrape()).sum('llm_exporter_state_writes_total', { result });

  await ask(exporter, 'm1');
  await counted(exporter, { m1: 1 });
  await fill(join(disk, 'filler'));
  // The last page of the journal has some room left.
  await eventually(async () => {
    await ask(exporter, 'm1');
    assert.ok((await writes('error')) > 0);
  });
  const { m1 = 0 } = (await exporter.scrape()).by('llm_requests_total', ['model']);
  await ask(exporter, 'm1', 5);
  await counted(exporter, { m1: m1 + 5 });
  assert.equal(exporter.stderr().match(/state cannot be written.*ENOSPC/g)?.length, 1, exporter.stderr());
  assert.match(await (await fetch(`${exporter.webUrl}/api/v1/status`)).text(), /"trouble":"ENOSPC"/);

  await rm(join(disk, 'filler'));
  const before = await writes('success');
  await eventually(async () => assert.ok((await writes('success')) > before));
  assert.match(exporter.stderr(), /state is written again/);
  exporter.child.kill('SIGKILL');
  await exporter.exit;
  const next = await startExporter(t, args, { stateDir });
  await counted(next, { m1: m1 + 5 });
});
