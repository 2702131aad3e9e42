import type { TestContext } from 'node:test';
import { type Prometheus, type PrometheusOptions, startPrometheus as start } from '../../src/demo/prometheus.ts';
import { tempDir } from './temp-dir.ts';

/** A real Prometheus on a free loopback port and with a folder of its own, stopped when the test ends. */
export async function startPrometheus(t: TestContext, options: Omit<PrometheusOptions, 'folder'>): Promise<Prometheus> {
  const prometheus = await start({ ...options, folder: await tempDir(t) });
  t.after(() => prometheus.stop());
  return prometheus;
}
