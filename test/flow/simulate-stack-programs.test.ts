import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { freePort } from '../../src/demo/program/http-program.ts';
import { closeServer, listen } from '../../src/simulate/listen.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { startNginx } from '../support/nginx.ts';
import { startProcess } from '../support/processes.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { startSimulator } from '../support/simulator.ts';
import { stablePort } from '../support/stable-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startWebhook } from '../support/webhook.ts';

const RULES = `
groups:
  - name: test
    interval: 200ms
    rules:
      - alert: PrometheusIsUp
        expr: up{job="self"} == 1
        annotations: { summary: '{{ $labels.job }} is up' }
`;

const configuration = (url: string) => `
templates: ['templates/*.tmpl']
route: { receiver: hook, group_wait: 100ms, group_interval: 200ms }
receivers: [{ name: hook, webhook_configs: [{ url: '${url}' }] }]
`;

describe('programs from PATH or Debian', () => {
  test('an alert goes from Prometheus through Alertmanager to a webhook', async (t) => {
    const webhook = await startWebhook(t);
    const alertmanager = await startAlertmanager(t, { configuration: configuration(webhook.url) });
    const self = await stablePort();
    const prometheus = await startPrometheus(t, {
      targets: { self: [`127.0.0.1:${self}`] },
      preferredPort: self,
      scrapeIntervalSeconds: 0.2,
      rules: RULES,
      alertmanagerUrl: alertmanager.url,
    });
    const notification = await eventually(() => {
      const [first] = webhook.notifications;
      assert.ok(first);
      return first;
    });
    assert.equal(notification.status, 'firing');
    assert.deepEqual(notification.commonAnnotations, { summary: 'self is up' });
    assert.deepEqual(await prometheus.query('up'), [
      { labels: { __name__: 'up', instance: `127.0.0.1:${self}`, job: 'self' }, value: 1 },
    ]);
    const now = Date.now() / 1000;
    const [series] = await prometheus.queryRange('vector(3)', {
      startSeconds: now - 2,
      endSeconds: now,
      stepSeconds: 1,
    });
    assert.deepEqual(
      series?.points.map(({ value }) => value),
      [3, 3, 3],
    );
    assert.equal((await prometheus.alerts())[0]?.state, 'firing');
    assert.equal((await alertmanager.alerts())[0]?.status.state, 'active');
    await assert.rejects(prometheus.query('sum('), /parse error/);
  });

  test('a configuration that a program refuses is a problem with its own words', async (t) => {
    await assert.rejects(startAlertmanager(t, { configuration: 'route: {}' }), {
      name: 'ProblemError',
      message: /^alertmanager does not become ready; its last words:\n(.+\n)*.+route must specify/,
    });
  });

  test('a port that is taken is not preferred', async (t) => {
    const server = createServer();
    t.after(() => closeServer(server));
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
    assert.notEqual(await freePort(port), port);
    await closeServer(server);
    assert.equal(await freePort(port), port);
  });

  test('nginx proxies to the simulated API and writes its log', async (t) => {
    const { url } = await startSimulator(t);
    const nginx = await startNginx(t, {
      server: `location / { proxy_pass ${url}; access_log access.log brief; }`,
      http: "log_format brief '$status $uri';",
    });
    const answer = await fetch(`${nginx.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-simulate-cause': 'model_loading' },
      body: '{"model":"m"}',
    });
    assert.equal(answer.status, 503);
    const log = await eventually(async () => {
      const text = await readFile(join(nginx.folder, 'access.log'), 'utf8');
      assert.notEqual(text, '');
      return text;
    });
    assert.equal(log, '503 /v1/chat/completions\n');
  });
});

describe('a child program', () => {
  test('that does not exist has ended, and says so', async (t) => {
    const child = startProcess(t, { command: '/nonexistent/program', args: [] });
    await eventually(() => assert.ok(child.hasEnded()));
    assert.match(child.output(), /ENOENT/);
    await child.stop();
  });

  test('that ignores SIGTERM is killed after a while', async (t) => {
    const folder = await tempDir(t);
    const clock = createManualClock();
    const script = "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up')";
    const child = startProcess(t, { command: process.execPath, args: ['-e', script], cwd: folder, clock });
    await eventually(() => assert.match(child.output(), /up/));
    const stopped = child.stop();
    await eventually(() => assert.match(child.output(), /no/));
    clock.advance(10_000);
    await stopped;
    assert.ok(child.hasEnded());
  });
});
