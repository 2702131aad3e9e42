import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { requestLine } from '../support/followed-log.ts';
import type { Scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';

const SOURCES = ['file', 'stdin', 'push', 'syslog'] as const;
const MAX_LINE = 2_048;

/** Every fate that a line can have, a few hundred times over. */
const ROUND = [
  requestLine(1),
  requestLine(2, 503),
  requestLine('crlf').replace('\n', '\r\n'),
  '{"status":200,"request_uri":"/healthz"}\n',
  '{"request_uri":"/v1/chat/completions"}\n',
  '{"status":9999,"request_uri":"/v1/chat/completions"}\n',
  '{"status":200,"request_uri":"/v1/chat/completions","request_time":"soon"}\n',
  '[1]\n',
  'null\n',
  '{"broken\n',
  `${'x'.repeat(MAX_LINE)}x\n`,
].join('');
const ROUNDS = 300;
const LINES = ROUNDS * (ROUND.split('\n').length - 1);

function assertBalanced({ sum }: Scrape): void {
  for (const source of SOURCES) {
    const count = (what: string) => sum(`llm_exporter_source_${what}_total`, { source });
    assert.equal(count('lines'), count('events') + count('filtered') + count('rejected'), source);
  }
}

test('of every source lines = events + filtered + rejected, in every scrape', async (t) => {
  const dir = await tempDir(t);
  const log = join(dir, 'access.log');
  const format = { format: 'nginx-json', provider: 'novita', max_line: '2KiB' };
  const config = {
    logs: [{ file: log, source: 'file', ...format }],
    stdin: format,
    push: { allow_anonymous: true, max_lines_per_second: 1_000_000, ...format },
    syslog: [{ listen: 'tcp://127.0.0.1:0', source: 'syslog', ...format }],
  };
  await writeFile(log, '');
  await writeFile(join(dir, 'config.yml'), stringify(config));
  const args = [`--config.file=${join(dir, 'config.yml')}`, '--upstream=http://127.0.0.1:9'];
  const exporter = await startExporter(t, args, { stdin: true });
  const port = Number(/msg="syslog is listening" address=tcp:\/\/127\.0\.0\.1:(\d+)/.exec(exporter.stderr())?.[1]);
  const syslog = connect(port, '127.0.0.1');
  // The exporter ends before it when the test does.
  syslog.on('error', () => undefined);
  t.after(() => syslog.destroy());
  const send = async (text: string) => {
    await appendFile(log, text);
    exporter.child.stdin?.write(text);
    syslog.write(text.replaceAll(/[^\n]+\n/g, (line) => `<190>Sep  2 00:31:44 host nginx: ${line}`));
    const response = await fetch(`${exporter.webUrl}/v1/logs`, { method: 'POST', body: text });
    assert.equal(response.status, 200, await response.text());
  };
  for (let round = 0; round < ROUNDS; round += 50) {
    await send(ROUND.repeat(50));
    assertBalanced(await exporter.scrape());
  }
  await eventually(async () => {
    const scrape = await exporter.scrape();
    assertBalanced(scrape);
    const lines = scrape.by('llm_exporter_source_lines_total', ['source']);
    assert.deepEqual(lines, Object.fromEntries(SOURCES.map((source) => [source, LINES])));
  });
  const { by, sum } = await exporter.scrape();
  const events = by('llm_exporter_source_events_total', ['source']);
  assert.deepEqual(events, Object.fromEntries(SOURCES.map((source) => [source, 3 * ROUNDS])));
  assert.equal(sum('llm_requests_total'), 3 * ROUNDS * SOURCES.length);
});
