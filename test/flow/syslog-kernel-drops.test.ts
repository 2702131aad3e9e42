import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { startConfigured } from '../support/configured-exporter.ts';
import { eventually } from '../support/eventually.ts';
import { requestLine } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

const MESSAGE = Buffer.from(`<134>nginx: ${requestLine(1).trimEnd()}${' '.repeat(8000)}`);
/** More than any receive buffer that is asked for holds. */
const MESSAGES = 3_000;

test('datagrams that come faster than they are read are counted as lost', {
  skip: !existsSync('/proc/net/udp'),
}, async (t) => {
  const exporter = await startConfigured(t, await tempDir(t), {
    syslog: [{ listen: 'udp://127.0.0.1:0', source: 'edge', format: 'nginx-json' }],
  });
  const { hostname, port } = exporter.syslogAddress('udp');
  const lost = async () => (await exporter.scrape()).sum('llm_exporter_source_lost_total', { source: 'edge' });
  assert.match((await exporter.scrape()).text, /llm_exporter_source_lost_total\{source="edge"\} 0/);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  // It does not read while it is stopped, so the kernel has to drop what does not fit.
  exporter.child.kill('SIGSTOP');
  await Promise.all(
    Array.from({ length: MESSAGES }, () => new Promise((done) => socket.send(MESSAGE, Number(port), hostname, done))),
  );
  exporter.child.kill('SIGCONT');
  await eventually(async () => {
    const read = (await exporter.scrape()).sum('llm_exporter_source_lines_total', { source: 'edge' });
    assert.ok(read > 0 && read < MESSAGES, String(read));
    assert.equal(read + (await lost()), MESSAGES);
  });
});
