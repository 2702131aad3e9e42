import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startConfigured } from '../support/configured-exporter.ts';
import { requestLines } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

const BATCH = 5;

test('what was answered with 2xx is counted after SIGKILL, and a key sent again counts nothing', async (t) => {
  // The folder goes last: hooks run in the order they were made, and each run is stopped by hand.
  const folder = await tempDir(t);
  const state = [`--state.dir=${join(folder, 'state')}`];
  const config = { push: { allow_anonymous: true, format: 'nginx-json' } };
  const bodyOf = (n: number) => requestLines(n * BATCH + 1, (n + 1) * BATCH);
  let sent = 0;
  for (let run = 0; run < 3; run += 1) {
    const exporter = await startConfigured(t, folder, config, state);
    const post = async (n: number) => {
      const headers = { 'Idempotency-Key': `batch-${n}` };
      const response = await fetch(`${exporter.webUrl}/v1/logs`, { method: 'POST', body: bodyOf(n), headers });
      return { status: response.status, json: await response.json() };
    };
    assert.equal((await exporter.scrape()).sum('llm_exporter_source_events_total', { source: 'push' }), sent * BATCH);
    for (let n = 0; n < sent; n += 1) {
      assert.partialDeepStrictEqual(await post(n), { status: 200, json: { accepted: BATCH, duplicate: true } });
    }
    for (const n of [sent, sent + 1, sent + 2]) {
      assert.partialDeepStrictEqual(await post(n), { status: 200, json: { accepted: BATCH, duplicate: false } });
    }
    sent += 3;
    // No scrape in between: it is the answer that promises.
    exporter.child.kill('SIGKILL');
    await exporter.exit;
  }
  const last = await startConfigured(t, folder, config, state);
  const metrics = await last.scrape();
  assert.equal(metrics.sum('llm_requests_total'), sent * BATCH);
  assert.equal(metrics.sum('llm_exporter_source_lines_total', { source: 'push' }), sent * BATCH);
  last.child.kill('SIGKILL');
  await last.exit;
});
