import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startSlots } from '../support/throttled-proxy.ts';

test('a configured throttle holds back, is counted from the start, and follows a reload with its keys', async (t) => {
  const api = await startSlots(t, 10);
  const dir = await tempDir(t);
  const config = join(dir, 'config.yml');
  const configured = (max: number) =>
    writeFile(
      config,
      JSON.stringify({
        proxy: {
          upstream: api.url,
          provider: 'p',
          throttle: { max_in_flight: max, queue_timeout: '10m', priorities: [{ name: 'core', key_file: 'core-keys' }] },
        },
      }),
    );
  await writeFile(join(dir, 'core-keys'), 'sk-core-before\n');
  await configured(1);
  const exporter = await startExporter(t, [`--config.file=${config}`]);
  const { samples } = await exporter.scrape();
  for (const name of ['llm_queue_depth', 'llm_queue_rejected_total', 'llm_queue_wait_seconds_count']) {
    const born = samples.filter((sample) => sample.name === name).map(({ labels, value }) => [labels.priority, value]);
    assert.deepEqual(
      born,
      [
        ['core', 0],
        ['default', 0],
      ],
      name,
    );
  }

  const ask = (key: string) =>
    fetch(`${exporter.proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: '{"model":"m"}',
    });
  const depths = async (expected: Record<string, number>) =>
    eventually(async () => assert.deepEqual((await exporter.scrape()).by('llm_queue_depth', ['priority']), expected));
  const answers = [ask('sk-any')];
  await api.busy(1);
  answers.push(ask('sk-any'), ask('sk-core-before'));
  await depths({ default: 1, core: 1 });

  await writeFile(join(dir, 'core-keys'), 'sk-core-after\n');
  await configured(2);
  exporter.child.kill('SIGHUP');
  await api.busy(2);
  await depths({ default: 1 });
  answers.push(ask('sk-core-after'), ask('sk-core-before'));
  await depths({ default: 2, core: 1 });
  for (let served = 0; served < 5; served += 1) {
    await eventually(() => assert.ok(api.release()));
  }
  for (const answer of await Promise.all(answers)) {
    assert.equal(answer.status, 200);
    await answer.text();
  }
  const { text, by } = await exporter.scrape();
  assert.deepEqual(by('llm_queue_wait_seconds_count', ['priority']), { core: 2, default: 3 });
  assert.doesNotMatch(text + exporter.stderr(), /sk-/);
});
