import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask, counted, startSmallApi } from '../support/asking-proxy.ts';
import { type ExporterProcess, newStateDir, startExporter } from '../support/exporter.ts';

async function stateOf(exporter: ExporterProcess): Promise<Readonly<Record<string, unknown>>> {
  // What is asked of it is compared field by field.
  const { data } = (await (await fetch(`${exporter.webUrl}/api/v1/status`)).json()) as {
    readonly data: { readonly state: Readonly<Record<string, unknown>> };
  };
  return data.state;
}

test('damaged state is set aside and told in the log, a metric and the status; what comes before the damage goes on', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  const journal = join(stateDir, 'state.journal');
  const first = await startExporter(t, args, { stateDir });
  await ask(first, 'm1', 2);
  await counted(first, { m1: 2 });
  const lengthAfterTwo = (await readFile(journal)).length;
  await ask(first, 'm1', 3);
  await counted(first, { m1: 5 });
  first.child.kill('SIGKILL');
  await first.exit;
  const bytes = await readFile(journal);
  bytes.fill('x', lengthAfterTwo, lengthAfterTwo + 1);
  await writeFile(journal, bytes);

  const second = await startExporter(t, args, { stateDir });
  await counted(second, { m1: 2 });
  const aside = (await readdir(stateDir)).find((name) => name.startsWith('state.journal.corrupt-')) ?? 'none';
  assert.deepEqual(await readFile(join(stateDir, aside)), bytes);
  assert.match(second.stderr(), new RegExp(`level=error msg="state is damaged.*damage="line \\d+ is not.*${aside}`));
  assert.equal((await second.scrape()).sum('llm_exporter_state_loads_total', { result: 'corrupt' }), 1);
  const { load, setAside, trouble } = await stateOf(second);
  assert.deepEqual(
    { load, setAside, trouble },
    { load: 'corrupt', setAside: join(stateDir, aside), trouble: undefined },
  );
  second.child.kill('SIGKILL');
  await second.exit;

  const third = await startExporter(t, args, { stateDir });
  await counted(third, { m1: 2 });
  assert.equal((await stateOf(third)).load, 'restored');
});

test('whatever stands in the place of the state, it starts, writes state of its own, and finds it the next time', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const strangers: readonly ((journal: string) => Promise<unknown>)[] = [
    (journal) => writeFile(journal, Buffer.alloc(100_000)),
    (journal) => writeFile(journal, ''),
    (journal) => mkdir(journal),
  ];
  for (const make of strangers) {
    const stateDir = newStateDir();
    await mkdir(stateDir);
    await make(join(stateDir, 'state.journal'));
    for (const load of ['corrupt', 'restored']) {
      const exporter = await startExporter(t, args, { stateDir });
      await ask(exporter, 'm1');
      await counted(exporter, { m1: load === 'corrupt' ? 1 : 2 });
      assert.equal((await stateOf(exporter)).load, load);
      exporter.child.kill('SIGKILL');
      await exporter.exit;
    }
    await rm(stateDir, { recursive: true });
  }
});
