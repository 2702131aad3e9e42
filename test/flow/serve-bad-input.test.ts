import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, open, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createSimulator } from '../../src/simulate/simulator.ts';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

const LOG_LINE =
  '{"time":"2026-01-01T00:00:00Z","status":200,"request_time":1.5,"uri":"/v1/chat/completions","model":"m"}\n';

describe('bad input through the front door', () => {
  test('a refused upstream is a 502 that says so, counted with its cause', async (t) => {
    const exporter = await startExporter(t, ['--upstream=http://127.0.0.1:1', '--provider=p']);
    const response = await fetch(`${exporter.proxyUrl}/v1/chat/completions`, { method: 'POST', body: '{"model":"m"}' });
    assert.equal(response.status, 502);
    assert.match(JSON.stringify(await response.json()), /ECONNREFUSED/);
    await eventually(async () => {
      const { by } = await exporter.scrape();
      assert.deepEqual(by('llm_requests_total', ['provider', 'code', 'cause']), { 'p 502 upstream_unreachable': 1 });
    });
  });

  test('a body of 20 MB passes, and its model is read although it stands at the end', async (t) => {
    const simulator = createSimulator({});
    const { port } = await simulator.listen({ host: '127.0.0.1', port: 0 });
    t.after(() => simulator.close());
    const exporter = await startExporter(t, [`--upstream=http://127.0.0.1:${port}`, '--provider=p']);
    const body = `{"messages":[{"role":"user","content":"${'x'.repeat(20 * 1024 * 1024)}"}],"model":"large/one"}`;
    const response = await fetch(`${exporter.proxyUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer k' },
      body,
    });
    assert.equal(response.status, 200);
    await response.text();
    await eventually(async () => {
      const { by } = await exporter.scrape();
      assert.deepEqual(by('llm_requests_total', ['model', 'code', 'cause']), { 'large/one 200 none': 1 });
    });
  });

  test('header bombs and garbage are refused and counted, and traffic goes on', async (t) => {
    const simulator = createSimulator({});
    const { port } = await simulator.listen({ host: '127.0.0.1', port: 0 });
    t.after(() => simulator.close());
    const exporter = await startExporter(t, [`--upstream=http://127.0.0.1:${port}`, '--provider=p']);
    // Far above the limit, and no more than a socket takes at once: a client is heard out for no longer than a second.
    const bomb = `GET /v1/models HTTP/1.1\r\nhost: x\r\n${'x-bomb: 1\r\n'.repeat(20_000)}\r\n`;
    assert.match(await talk(exporter.proxyUrl, bomb), /^HTTP\/1.1 431 /);
    assert.match(await talk(exporter.proxyUrl, '\x16\x03\x01garbage\r\n\r\n'), /^HTTP\/1.1 400 /);
    const good = await fetch(`${exporter.proxyUrl}/v1/models`, { headers: { authorization: 'Bearer k' } });
    assert.equal(good.status, 200);
    await good.text();
    await eventually(async () => {
      const counts = (await exporter.scrape()).by('llm_requests_total', ['code']);
      assert.deepEqual(counts, { 431: 1, 400: 1, 200: 1 });
    });
  });

  test('a line of 50 MB and binary in a log are rejected by reason, and the lines around them count', async (t) => {
    const file = join(await tempDir(t), 'access.json');
    await writeFile(file, '');
    const exporter = await startExporter(t, [`--file=${file}`, '--provider=p']);
    await appendFile(file, LOG_LINE);
    const handle = await open(file, 'a');
    for (let written = 0; written < 50; written += 1) await handle.write(Buffer.alloc(1024 * 1024, 'x'));
    await handle.write('\n');
    await handle.write(randomBytes(4096).map((byte) => (byte === 10 ? 11 : byte)));
    await handle.write(`\n\0\0\0\n{"status":"teapot"}\n${LOG_LINE}`);
    await handle.close();
    await eventually(async () => {
      const { sum, by } = await exporter.scrape();
      assert.equal(sum('llm_requests_total'), 2);
      assert.deepEqual(by('llm_exporter_source_rejected_total', ['reason']), {
        too_long: 1,
        no_match: 1,
        invalid_code: 1,
      });
      // A line of nothing but NULs is a hole of the file and nobody's request.
      assert.equal(sum('llm_exporter_source_filtered_total'), 1);
      assert.equal(sum('llm_exporter_source_lines_total'), 6);
      assert.equal(sum('llm_exporter_source_events_total'), 2);
      assert.equal(sum('llm_exporter_source_lag_bytes'), 0);
    }, 30_000);
  });
});

/** Sends raw bytes and answers with all that comes back until the other side closes. */
async function talk(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // The other side may close while a bomb is still being sent.
  socket.on('error', () => {});
  socket.setTimeout(DEADLINE_MS, () => socket.destroy());
  socket.write(bytes);
  let answer = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: true })) answer += chunk;
  return answer;
}
