import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderRules } from '../../src/mixin/pack.ts';
import { defaultSettings } from '../../src/mixin/settings/settings.ts';
import { dashboardQueries, expandVariables, parseDashboard, variableQueries } from '../support/dashboard-queries.ts';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { startSimulator } from '../support/simulator.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startTraffic } from '../support/traffic.ts';

const DASHBOARDS = ['llm-overview', 'llm-provider'];
const DEADLINE_MS = 120_000;
/** What Grafana would put in at a scrape interval of half a second. */
const RANGES = { rateInterval: '5s', range: '1m' };

test('every panel and every variable of the dashboards has data, with the labels its legend names', async (t) => {
  const folder = await tempDir(t);
  const log = join(folder, 'access.json');
  const config = join(folder, 'config.yml');
  await writeFile(log, '');
  const simulator = await startSimulator(t, { gatewayTimeoutMs: 1000, latencyMs: 260, tokensPerSecond: 2000 });
  simulator.setFaults([
    { cause: 'surge_protection', rate: 0.3, afterMs: 0 },
    { cause: 'gateway_timeout_long_generation', rate: 0.2, stream: false, afterMs: 0 },
    { cause: 'stream_interrupted', rate: 0.1, stream: true, afterMs: 0 },
  ]);
  await writeFile(
    config,
    `proxy: {upstream: "${simulator.url}", provider: novita, listen_address: "127.0.0.1:0"}
logs: [{file: "${log}", provider: novita, source: nginx}]
providers: {novita: {gateway_timeout: 300ms, models: [m1]}}
`,
  );
  const exporter = await startExporter(t, [`--config.file=${config}`]);
  await appendFile(log, '{"status":503,"uri":"/v1/chat/completions","model":"m1"}\nnot json\n');
  const prometheus = await startPrometheus(t, {
    targets: { 'llm-exporter': [new URL(exporter.webUrl).host] },
    scrapeIntervalSeconds: 0.5,
    rules: renderRules({ ...defaultSettings, timeScale: 30 }),
  });
  startTraffic(t, { url: exporter.proxyUrl, models: ['m1', 'm2'], requestsPerSecond: 40 });

  for (const uid of DASHBOARDS) {
    const dashboard = parseDashboard(await readFile(`dashboards/${uid}.json`, 'utf8'));
    await t.test(`${uid}: panels`, async () => {
      const queries = dashboardQueries(dashboard);
      assert.ok(queries.length >= 10, `only ${queries.length} queries`);
      for (const { panel, expr, legend } of queries) {
        await eventually(async () => {
          const samples = await prometheus.query(expandVariables(dashboard, expr, RANGES));
          const finite = samples.filter(({ value }) => Number.isFinite(value));
          assert.ok(finite.length > 0, `no data in "${panel}": ${expr}`);
          for (const [, label = ''] of legend.matchAll(/\{\{\s*(\w+)\s*\}\}/g)) {
            assert.ok(
              finite.some(({ labels }) => labels[label]),
              `"${panel}" names ${label} in its legend: ${expr}`,
            );
          }
        }, DEADLINE_MS);
      }
    });
    await t.test(`${uid}: variables`, async () => {
      const queries = variableQueries(dashboard);
      assert.ok(queries.length >= 4, `only ${queries.length} variables with queries`);
      for (const { variable, series, label } of queries) {
        // Set by Kubernetes or the user's own external labels; empty elsewhere, and "All" matches that.
        if (label === 'cluster' || label === 'namespace') continue;
        const samples = await prometheus.query(expandVariables(dashboard, series, RANGES));
        assert.ok(
          samples.some(({ labels }) => labels[label]),
          `no value for $${variable}: ${series} has no ${label}`,
        );
      }
    });
  }
});
