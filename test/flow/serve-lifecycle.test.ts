import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { type ExporterProcess, startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

const chat = (exporter: ExporterProcess, model: string): Promise<Response> =>
  fetch(`${exporter.proxyUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test' },
    body: JSON.stringify({ model, stream: true, messages: [] }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });

/** An upstream whose streams wait, after their first token, for the test to end them. */
async function startHeldUpstream(
  t: TestContext,
): Promise<{ readonly url: string; readonly streams: ServerResponse[] }> {
  const streams: ServerResponse[] = [];
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n');
    streams.push(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}`, streams };
}

async function startStream(exporter: ExporterProcess, streams: readonly unknown[]): Promise<Response> {
  const before = streams.length;
  const response = await chat(exporter, 'm');
  await eventually(() => assert.equal(streams.length, before + 1));
  return response;
}

describe('the life of serve', () => {
  test('SIGTERM lets a running stream finish, refuses new requests, and exits with 0', async (t) => {
    const { url, streams } = await startHeldUpstream(t);
    const exporter = await startExporter(t, [`--upstream=${url}`]);
    const response = await startStream(exporter, streams);

    exporter.child.kill('SIGTERM');
    await eventually(async () => assert.equal((await fetch(`${exporter.webUrl}/-/ready`)).status, 503));
    assert.equal((await fetch(`${exporter.webUrl}/-/healthy`)).status, 200);
    await assert.rejects(chat(exporter, 'late').then((late) => assert.equal(late.status, 200)));
    const during = await exporter.scrape();
    assert.equal(during.sum('llm_requests_in_flight'), 1);

    streams[0]?.end('data: [DONE]\n\n');
    assert.match(await response.text(), /\[DONE\]/);
    assert.equal(await exporter.exit, 0);
  });

  test('a second signal stops at once', async (t) => {
    const { url, streams } = await startHeldUpstream(t);
    const exporter = await startExporter(t, [`--upstream=${url}`]);
    const response = await startStream(exporter, streams);
    exporter.child.kill('SIGTERM');
    await eventually(() => assert.match(exporter.stderr(), /draining/));
    exporter.child.kill('SIGINT');
    assert.equal(await exporter.exit, 0);
    assert.match(exporter.stderr(), /stopping at once/);
    await assert.rejects(response.text());
  });

  test('draining is bounded by proxy.drain_timeout', async (t) => {
    const { url, streams } = await startHeldUpstream(t);
    const config = join(await tempDir(t), 'config.yml');
    await writeFile(config, `proxy:\n  upstream: ${url}\n  drain_timeout: 100ms\n`);
    const exporter = await startExporter(t, [`--config.file=${config}`]);
    const response = await startStream(exporter, streams);
    exporter.child.kill('SIGTERM');
    assert.equal(await exporter.exit, 0);
    await assert.rejects(response.text());
  });

  test('SIGHUP takes up a new upstream, and a broken file changes nothing but a metric', async (t) => {
    const [first, second] = [await startHeldUpstream(t), await startHeldUpstream(t)];
    const config = join(await tempDir(t), 'config.yml');
    await writeFile(config, `proxy:\n  upstream: ${first.url}\n  provider: p\n`);
    const exporter = await startExporter(t, [`--config.file=${config}`]);
    const reloaded = async () => (await exporter.scrape()).sum('llm_exporter_config_last_reload_successful');
    assert.equal(await reloaded(), 1);
    const running = await startStream(exporter, first.streams);

    await writeFile(config, 'proxy:\n  upstream: nowhere\n');
    exporter.child.kill('SIGHUP');
    await eventually(async () => assert.equal(await reloaded(), 0));
    assert.match(exporter.stderr(), /proxy.upstream: \\?"nowhere\\?" is not an http/);
    await startStream(exporter, first.streams);

    await writeFile(config, `proxy:\n  upstream: ${second.url}\n  provider: p\n`);
    exporter.child.kill('SIGHUP');
    await eventually(async () => assert.equal(await reloaded(), 1));
    await startStream(exporter, second.streams);
    first.streams[0]?.end('data: [DONE]\n\n');
    assert.match(await running.text(), /\[DONE\]/);
  });

  test('a setting that needs a restart stays as it was, is said at every reload, and drain still waits', async (t) => {
    const { url, streams } = await startHeldUpstream(t);
    const config = join(await tempDir(t), 'config.yml');
    await writeFile(config, `proxy:\n  upstream: ${url}\n`);
    const exporter = await startExporter(t, [`--config.file=${config}`, `--upstream=${url}`]);
    const response = await startStream(exporter, streams);
    await writeFile(config, `proxy:\n  timeouts: {idle: 1s}\nstdin: {}\n`);
    for (const warnings of [2, 4]) {
      exporter.child.kill('SIGHUP');
      await eventually(() => assert.equal(exporter.stderr().match(/needs a restart/g)?.length, warnings));
    }
    const status = await (await fetch(`${exporter.webUrl}/api/v1/status`)).text();
    assert.doesNotMatch(status, /standard input/);
    exporter.child.kill('SIGTERM');
    await eventually(() => assert.match(exporter.stderr(), /draining/));
    streams[0]?.end('data: [DONE]\n\n');
    assert.match(await response.text(), /\[DONE\]/);
    assert.equal(await exporter.exit, 0);
  });

  test('reload over HTTP is off unless switched on', async (t) => {
    const plain = await startExporter(t, ['--upstream=http://127.0.0.1:1']);
    assert.equal((await fetch(`${plain.webUrl}/-/reload`, { method: 'POST' })).status, 403);
    const open = await startExporter(t, ['--upstream=http://127.0.0.1:1', '--web.enable-lifecycle']);
    assert.equal((await fetch(`${open.webUrl}/-/reload`, { method: 'POST' })).status, 200);
  });
});
