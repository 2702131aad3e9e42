import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, writeFile } from 'node:fs/promises';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfiguredExporter, startConfigured } from '../support/configured-exporter.ts';
import { eventually } from '../support/eventually.ts';
import { runCli } from '../support/exporter.ts';
import { requestLine } from '../support/followed-log.ts';
import { tempDir } from '../support/temp-dir.ts';

const message = (id: number) => `<134>Nov 22 10:00:00 lb nginx: ${requestLine(id).trimEnd()}`;
const counted = (id: number) => `${Buffer.byteLength(message(id))} ${message(id)}`;
const line = (id: number) => `${message(id)}\n`;

async function startTcp(t: TestContext, settings: object = {}) {
  const folder = await tempDir(t);
  const config = { syslog: [{ listen: 'tcp://127.0.0.1:0', source: 's', format: 'nginx-json', ...settings }] };
  const exporter = await startConfigured(t, folder, config);
  const { hostname, port } = exporter.syslogAddress('tcp');
  return { ...exporter, config, open: () => open(t, { host: hostname, port: Number(port) }) };
}

async function open(t: TestContext, address: NetConnectOpts): Promise<Socket> {
  const socket = connect(address);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function assertCounts(
  { scrape }: Pick<ConfiguredExporter, 'scrape'>,
  expected: { readonly events: number; readonly rejected?: Readonly<Record<string, number>> },
): Promise<void> {
  const { events, rejected = {} } = expected;
  const total = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  await eventually(async () => {
    const metrics = await scrape();
    assert.deepEqual(metrics.by('llm_exporter_source_rejected_total', ['reason']), rejected);
    assert.equal(metrics.sum('llm_exporter_source_events_total'), events);
    assert.equal(metrics.sum('llm_exporter_source_lines_total'), events + total);
  });
}

test('both framings are read on one connection, however the bytes arrive', async (t) => {
  const exporter = await startTcp(t);
  const socket = await exporter.open();
  socket.setNoDelay(true);
  const bytes = Buffer.from(line(1) + counted(2) + counted(3) + line(4) + line(5));
  for (let at = 0; at < bytes.length; at += 97) {
    socket.write(bytes.subarray(at, at + 97));
    await new Promise(setImmediate);
  }
  await assertCounts(exporter, { events: 5 });
});

test('garbage is counted once and passed over; the other connections do not notice', async (t) => {
  const exporter = await startTcp(t);
  const [good, bad] = [await exporter.open(), await exporter.open()];
  good.write(message(1).slice(0, 30));
  bad.write(`\x16\x03\x01\x02 hello\n${line(2)}`);
  await assertCounts(exporter, { events: 1, rejected: { invalid_frame: 1 } });
  good.write(`${message(1).slice(30)}\n`);
  await assertCounts(exporter, { events: 2, rejected: { invalid_frame: 1 } });
});

test('a sender that cannot be brought in step again is asked to connect anew', async (t) => {
  const exporter = await startTcp(t, { max_line: '1KiB' });
  const socket = await exporter.open();
  const closed = once(socket, 'close');
  socket.write(`5 xxxxx${'7'.repeat(4096)}`);
  await closed;
  await assertCounts(exporter, { events: 0, rejected: { invalid_frame: 1 } });
});

test('a message above max_line is dropped, and the next one is read', async (t) => {
  const exporter = await startTcp(t, { max_line: '1KiB' });
  const socket = await exporter.open();
  const long = `<134>${'x'.repeat(3000)}`;
  socket.write(`${long}\n${long.length} ${long}${line(1)}${counted(2)}`);
  await assertCounts(exporter, { events: 2, rejected: { too_long: 2 } });
});

test('a last line without its newline counts when the sender closes, and is unterminated when it breaks', async (t) => {
  const exporter = await startTcp(t);
  const closing = await exporter.open();
  closing.end(message(1));
  await assertCounts(exporter, { events: 1 });
  const breaking = await exporter.open();
  breaking.write(line(2) + message(3));
  await assertCounts(exporter, { events: 2 });
  breaking.resetAndDestroy();
  await assertCounts(exporter, { events: 2, rejected: { unterminated: 1 } });
});

test('a reload keeps what stays the same, even in the middle of a message', async (t) => {
  const exporter = await startTcp(t);
  const socket = await exporter.open();
  socket.write(line(1) + message(2).slice(0, 40));
  await assertCounts(exporter, { events: 1 });
  const [first] = exporter.config.syslog;
  const second = { ...first, listen: 'udp://127.0.0.1:0', source: 'added' };
  await exporter.reload({ syslog: [{ ...first, provider: 'other' }, second] });
  await eventually(() => exporter.syslogAddress('udp'));
  socket.write(`${message(2).slice(40)}\n`);
  await assertCounts(exporter, { events: 2 });
  assert.deepEqual((await exporter.scrape()).by('llm_requests_total', ['provider']), { default: 1, other: 1 });
  const closed = once(socket, 'close');
  await exporter.reload({ syslog: [second] });
  await closed;
  await eventually(async () => {
    const metrics = await exporter.scrape();
    assert.deepEqual(metrics.by('llm_exporter_source_up', ['source']), { added: 1 });
    assert.equal(metrics.sum('llm_exporter_source_events_total', { source: 's' }), 2);
  });
});

test('a reload to an address that is taken is told, and what runs goes on', async (t) => {
  const exporter = await startTcp(t);
  const socket = await exporter.open();
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const address = taken.address();
  const listen = `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  await exporter.reload({ syslog: [...exporter.config.syslog, { listen, format: 'nginx-json' }] });
  await eventually(() =>
    assert.match(exporter.stderr(), /syslog\.1\.listen: tcp:\/\/127\.0\.0\.1:\d+ is in use by another program/),
  );
  socket.write(line(1));
  await assertCounts(exporter, { events: 1 });
  assert.equal((await exporter.scrape()).sum('llm_exporter_source_up', { source: listen }), 0);
});

test('a unix socket is read, and its file goes with the exporter', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'llm.sock');
  const config = { syslog: [{ listen: `unix://${path}`, format: 'nginx-json' }] };
  const exporter = await startConfigured(t, folder, config);
  const socket = await open(t, { path });
  socket.write(line(1) + counted(2));
  await assertCounts(exporter, { events: 2 });
  exporter.child.kill('SIGTERM');
  assert.equal(await exporter.exit, 0);
  await assert.rejects(lstat(path), { code: 'ENOENT' });
});

test('the file of a socket whose owner was killed is taken over; one that is in use is not, nor is a file', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'llm.sock');
  const config = { syslog: [{ listen: `unix://${path}`, format: 'nginx-json' }] };
  const leftBehind = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)})`]);
  t.after(() => leftBehind.kill('SIGKILL'));
  await eventually(async () => assert.ok((await lstat(path)).isSocket()));
  const refused = async (listen: string) => {
    const file = join(folder, 'refused.yml');
    await writeFile(file, `syslog:\n  - { listen: '${listen}', format: json }\n`);
    const args = ['serve', `--config.file=${file}`, '--web.listen-address=127.0.0.1:0', `--state.sync=off`];
    const run = runCli(t, args);
    assert.equal(await run.exit, 1);
    return run.stderr();
  };
  assert.match(await refused(`unix://${path}`), /syslog\.0\.listen: unix:\S+llm\.sock is in use by another program/);
  await writeFile(join(folder, 'file'), 'precious');
  assert.match(await refused(`unix://${folder}/file`), /syslog\.0\.listen: unix:\S+file is in use/);
  assert.match(
    await refused(`unix://${folder}/absent/x`),
    /syslog\.0\.listen: unix:\S+x lies in a folder that does not exist or/,
  );
  const killed = once(leftBehind, 'exit');
  leftBehind.kill('SIGKILL');
  await killed;
  assert.ok((await lstat(path)).isSocket());
  const exporter = await startConfigured(t, folder, config);
  const socket = await open(t, { path });
  socket.write(line(1));
  await assertCounts(exporter, { events: 1 });
});
