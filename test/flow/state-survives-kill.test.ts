import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, startSmallApi } from '../support/asking-proxy.ts';
import { newStateDir, startExporter } from '../support/exporter.ts';
import type { Scrape } from '../support/scrape.ts';

/** Every counter, bucket and sum of ours with its value. */
function countersOf({ text, samples }: Scrape): Map<string, number> {
  const isCounted = (name: string) => new RegExp(`^# TYPE ${name.replace(/_(bucket|sum|count)$/, '')} histogram$`, 'm');
  const ours = samples.filter(({ name }) => name.startsWith('llm_'));
  return new Map(
    ours
      .filter(({ name }) => name.endsWith('_total') || isCounted(name).test(text))
      .map(({ name, labels, value }) => [JSON.stringify([name, labels]), value]),
  );
}

test('no counter that was scraped is lower after kill -9, at whatever moment that comes', async (t) => {
  const args = [`--upstream=${await startSmallApi(t)}`, '--provider=p'];
  const stateDir = newStateDir();
  let shown = new Map<string, number>();
  for (let life = 0; life < 6; life += 1) {
    const exporter = await startExporter(t, args, { stateDir });
    const now = countersOf(await exporter.scrape());
    for (const [series, value] of shown) {
      assert.ok((now.get(series) ?? -1) >= value, `${series} is ${now.get(series)}, was ${value}`);
    }
    // Requests go on while it is scraped and killed: their writes are cut at any point.
    const traffic = Promise.allSettled(Array.from({ length: 4 }, () => ask(exporter, `m${life}`, 20)));
    for (let scrape = 0; scrape <= life; scrape += 1) shown = countersOf(await exporter.scrape());
    assert.ok(shown.size > 5);
    exporter.child.kill('SIGKILL');
    await Promise.all([exporter.exit, traffic]);
  }
});
