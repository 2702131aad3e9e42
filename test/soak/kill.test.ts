import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Prometheus } from '../../src/demo/prometheus.ts';
import { eventually } from '../support/eventually.ts';
import { askRawSamples, increaseOf } from '../support/kill/raw-samples.ts';
import { runTrial } from '../support/kill/trial.ts';
import type { LogWriter } from '../support/log-writer.ts';
import { startPrometheus } from '../support/prometheus.ts';

/** KILL_SEED=… plays one script again. */
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);

const SAMPLES = 'llm_requests_total[2h]';

test('200 kills: a real Prometheus sees every line, and no reset', async (t) => {
  const watching = watchWithPrometheus(t);
  await runTrial(t, { seed: SEED, lives: 201, naming: 'numbered', creates: true, ...watching });
});

test('60 kills: dated files that all begin alike', (t) =>
  runTrial(t, { seed: SEED + 1, lives: 61, naming: 'dated', probes: 12 }));

/**
 * What the operating system makes unknowable: lines that are written after `cp` has read the end of the log and before `truncate` cuts it.
 * They are in no file afterwards, and a reader has seen them only if it read in those moments and lived on until they were saved. The
 * exporter counts each of them once or not at all; of all other lines none may be missing.
 */
test('60 kills: writers that go on while their log is copied lose no other lines than those that are in no file', (t) =>
  runTrial(t, { seed: SEED + 2, lives: 61, naming: 'numbered', busyCopies: true }));

function watchWithPrometheus(t: TestContext) {
  let prometheus: Prometheus | undefined;
  return {
    async beforeWriting(url: string): Promise<void> {
      const started = await startPrometheus(t, {
        targets: { exporter: [new URL(url).host] },
        scrapeIntervalSeconds: 1,
      });
      prometheus = started;
      await eventually(async () => assert.equal((await started.query('up'))[0]?.value, 1), 30_000);
    },
    async afterwards({ lines }: LogWriter): Promise<void> {
      assert.ok(prometheus);
      const { query, url } = prometheus;
      await eventually(async () => {
        const [sum] = await query('sum(llm_requests_total)');
        assert.equal(sum?.value, lines);
      }, 30_000);
      const raw = await askRawSamples(url, SAMPLES);
      assert.equal(increaseOf(raw), lines, 'the increases between the samples that Prometheus has');
      const names = await query('group by (__name__) ({__name__=~"llm_.+_(total|bucket|count|sum)"})');
      for (const { labels } of names) assert.deepEqual(await query(`resets(${labels.__name__}[2h]) > 0`), []);
      assert.ok(names.length > 10, `only ${names.length} names`);
      t.diagnostic(`Prometheus has ${raw.flat().length} samples of ${raw.length} series`);
    },
  };
}
