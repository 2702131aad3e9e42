import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { roomWithin } from '../../src/config/proxy/open-files.ts';
import { eventually } from '../support/eventually.ts';
import { type ExporterProcess, runCli, startExporter } from '../support/exporter.ts';
import { bodyOf, openSocket, send } from '../support/proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { openStream, startUpstream } from '../support/upstream.ts';

const OPEN_FILES = 64;
const CHAT = '{"model":"m","stream":true}';
const hasLimits = process.platform !== 'win32';

/** An exporter with few descriptors, in front of an API whose streams last until the test ends them. */
async function startPoor(t: TestContext, proxy: object = {}) {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream(t, (_request, response) => streams.push(openStream(response)));
  const file = join(await tempDir(t), 'config.yml');
  // By name: that cannot be looked up either.
  const url = upstream.url.replace('127.0.0.1', 'localhost');
  const both = [0, 1].map((at) => ({
    name: `u${at}`,
    url,
    provider: 'p',
    ...(at === 0 && RETRIES),
  }));
  await writeFile(file, stringify({ proxy: { upstreams: both, ...proxy }, metrics: { birth: 'immediate' } }));
  const exporter = await startExporter(t, [`--config.file=${file}`], { openFiles: OPEN_FILES });
  const port = Number(new URL(exporter.proxyUrl).port);
  return { exporter, file, port, streams };
}

const RETRIES = { retries: { max: 3, base_delay: '1ms', fallback: { upstream: 'u1' } } };

test('without a limit of its own the proxy takes as many connections as it may have files open for', {
  skip: !hasLimits,
}, async (t) => {
  const { exporter, port, streams } = await startPoor(t);
  const { connections, surplus } = roomWithin(OPEN_FILES);
  const served = [];
  for (let at = 0; at < connections; at += 1) served.push(await send(port, CHAT));
  const refused = await Promise.all(Array.from({ length: surplus }, () => send(port, CHAT)));
  assert.deepEqual(
    refused.map(({ statusCode }) => statusCode),
    Array(surplus).fill(503),
  );
  for (const answer of refused)
    assert.match(String(await bodyOf(answer)), /"too_many_connections".*"gateway_overload"/);
  for (const stream of streams) stream.end('data: [DONE]\n\n');
  for (const answer of served) await bodyOf(answer);
  await counted(exporter, { '200 none': connections, '503 gateway_overload': surplus });
});

test('a lack of descriptors is our own fault: 503, said in the log once, and no other try', {
  skip: !hasLimits,
}, async (t) => {
  const { exporter, port, streams } = await startPoor(t, { max_connections: 1000 });
  const spare = await openSocket(t, port);
  const served: IncomingMessage[] = [];
  // Each takes two descriptors, so that the last of all may be missing for a client or, with the spare one given back, for an upstream.
  const refused = await eventually(async () => {
    const answer = await send(port, CHAT).catch(() => spare.destroy());
    if ('statusCode' in answer && answer.statusCode === 503) return answer;
    if ('statusCode' in answer) served.push(answer);
    throw new Error(`${served.length} are served`);
  });
  assert.equal(refused.headers['x-llm-exporter-cause'], 'exporter_failed');
  assert.match(String(await bodyOf(refused)), /raise its limit of open files \(ulimit -n.*"out_of_descriptors"/);
  // Unless the connection of the one before is not closed yet.
  await bodyOf(await eventually(() => send(port, CHAT)));
  for (const stream of streams) stream.end('data: [DONE]\n\n');
  for (const answer of served) await bodyOf(answer);
  await counted(exporter, { '200 none': served.length, '503 exporter_failed': 2 });
  const { by } = await exporter.scrape();
  assert.deepEqual(by('llm_attempts_total', ['code', 'cause']), {
    '200 none': served.length,
    '503 exporter_failed': 2,
  });
  assert.deepEqual(by('llm_retries_total', ['cause', 'decision']), {});
  assert.equal(exporter.stderr().match(/level=error msg="llm-exporter may open no more connections/g)?.length, 1);
});

test('more connections than descriptors are warned of at the start, on the status page and by check-config', {
  skip: !hasLimits,
}, async (t) => {
  const { exporter, file } = await startPoor(t, { max_connections: 1000 });
  const words = /1000 is more than the limit of 64 open files leaves room for, which is 14: /;
  await eventually(() =>
    assert.match(exporter.stderr(), new RegExp(`level=warn .*setting=proxy.max_connections advice="${words.source}`)),
  );
  const page = await (await fetch(exporter.webUrl)).text();
  assert.match(page, new RegExp(`Warning: <code>proxy.max_connections</code> ${words.source}`));
  const check = runCli(t, ['check-config', file], { openFiles: OPEN_FILES });
  assert.equal(await check.exit, 0);
  assert.match(check.stdout(), new RegExp(`warning: proxy.max_connections: ${words.source}`));
});

function counted({ scrape }: ExporterProcess, expected: Record<string, number>): Promise<void> {
  return eventually(async () =>
    assert.deepEqual((await scrape()).by('llm_requests_total', ['code', 'cause']), expected),
  );
}
