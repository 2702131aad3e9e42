import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startConfigured } from '../support/configured-exporter.ts';
import { eventually } from '../support/eventually.ts';
import { startNginx } from '../support/nginx.ts';
import { tempDir } from '../support/temp-dir.ts';

const JSON_FORMAT = `log_format llm escape=json '{"time_iso8601":"$time_iso8601","status":"$status","request_time":"$request_time",'
  '"request_uri":"$request_uri","request_id":"$request_id","model":"$arg_model"}';`;

test('a real nginx that logs by syslog over UDP is counted, request by request', async (t) => {
  const exporter = await startConfigured(t, await tempDir(t), {
    syslog: [{ listen: 'udp://127.0.0.1:0', source: 'edge', provider: 'novita', format: 'nginx-json' }],
  });
  const { host } = exporter.syslogAddress('udp');
  const nginx = await startNginx(t, {
    http: JSON_FORMAT,
    server: `
    access_log syslog:server=${host},tag=llm_api llm;
    access_log syslog:server=${host},nohostname,severity=debug llm;
    location /v1/chat/completions { if ($arg_fail) { return 503; } return 200; }
    location /favicon.ico { return 404; }`,
  });
  for (let n = 0; n < 10; n += 1) await fetch(`${nginx.url}/v1/chat/completions?model=m1`);
  for (let n = 0; n < 4; n += 1) await fetch(`${nginx.url}/v1/chat/completions?model=m1&fail=1`);
  await fetch(`${nginx.url}/favicon.ico`);
  await eventually(async () => {
    const metrics = await exporter.scrape();
    // Each request is logged twice, with and without a host in front of the tag.
    assert.deepEqual(metrics.by('llm_requests_total', ['provider', 'code']), { 'novita 200': 20, 'novita 503': 8 });
    assert.deepEqual(metrics.by('llm_exporter_source_lines_total', ['source']), { edge: 30 });
    assert.equal(metrics.sum('llm_exporter_source_filtered_total', { source: 'edge' }), 2);
    assert.equal(metrics.sum('llm_exporter_source_up', { source: 'edge' }), 1);
  });
});
