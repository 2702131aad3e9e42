import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startConfigured } from '../support/configured-exporter.ts';
import { eventually } from '../support/eventually.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { tempDir } from '../support/temp-dir.ts';

/**
 * What HAProxy can put in front of a message (https://docs.haproxy.org/2.6/configuration.html#3.1-log). Not `iso`: a time without a
 * priority before it may as well be the beginning of the line.
 */
const FORMATS = ['rfc3164', 'rfc5424', 'local', 'priority', 'short', 'timed', 'raw'];
const LOG_FORMAT = `log-format '{"time":%Ts,"status_code":%ST,"duration_ms":%Ta,"path":"%HP","model":"m1"}'`;

test('a real HAProxy is counted over UDP, in the formats it can log in', async (t) => {
  const exporter = await startConfigured(t, await tempDir(t), {
    syslog: [{ listen: 'udp://127.0.0.1:0', source: 'lb', format: 'json' }],
  });
  const { host } = exporter.syslogAddress('udp');
  const haproxy = await startHaproxy(t, {
    global: `log-send-hostname edge\n  ${FORMATS.map((format) => `log ${host} len 65535 format ${format} local0`).join('\n  ')}`,
    frontend: `${LOG_FORMAT}\n  http-request return status 503 if { path /v1/embeddings }`,
  });
  for (let n = 0; n < 5; n += 1) await fetch(`${haproxy.url}/v1/chat/completions`);
  await fetch(`${haproxy.url}/v1/embeddings`);
  await eventually(async () => {
    const metrics = await exporter.scrape();
    assert.deepEqual(metrics.by('llm_exporter_source_rejected_total', ['reason']), {});
    assert.deepEqual(metrics.by('llm_requests_total', ['code']), { 200: 5 * FORMATS.length, 503: FORMATS.length });
  });
});

test('a real HAProxy is counted over TCP and over a unix socket, by its rings', async (t) => {
  const folder = await tempDir(t);
  const exporter = await startConfigured(t, folder, {
    syslog: [
      { listen: 'tcp://127.0.0.1:0', source: 'tcp', format: 'json' },
      { listen: `unix://${join(folder, 'llm.sock')}`, source: 'unix', format: 'json' },
    ],
  });
  const { host } = exporter.syslogAddress('tcp');
  const { pathname } = exporter.syslogAddress('unix');
  const ring = (name: string, server: string) =>
    `ring ${name}\n  format rfc5424\n  maxlen 4096\n  size 65536\n  timeout connect 5s\n  timeout server 10s\n  server s1 ${server}\n`;
  const haproxy = await startHaproxy(t, {
    global: ['counted', 'lines', 'local'].map((name) => `log ring@${name} len 4096 local0`).join('\n  '),
    sections: [
      ring('counted', `${host} log-proto octet-count`),
      ring('lines', `${host} log-proto legacy`),
      ring('local', `unix@${pathname}`),
    ].join('\n'),
    frontend: LOG_FORMAT,
  });
  for (let n = 0; n < 7; n += 1) await fetch(`${haproxy.url}/v1/chat/completions`);
  await eventually(async () => {
    const metrics = await exporter.scrape();
    assert.deepEqual(metrics.by('llm_exporter_source_rejected_total', ['reason']), {});
    assert.deepEqual(metrics.by('llm_exporter_source_events_total', ['source']), { tcp: 14, unix: 7 });
  });
});
