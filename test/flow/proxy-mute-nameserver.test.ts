import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { RouteSpec } from '../../src/input/proxy/routing/route.ts';
import { DEFAULT_TIMEOUTS } from '../../src/input/proxy/upstream/upstream.ts';
import { eventually } from '../support/eventually.ts';
import { startExporter } from '../support/exporter.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createSlowNameserver } from '../support/names.ts';
import { startProxy, upstreamAt } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';

/** Two upstreams by name; the nameserver of one does not answer. */
function twoUpstreams(port: string, others: Partial<RouteSpec['target']> = {}): RouteSpec[] {
  const mute = `http://mute.example:${port}`;
  return [
    upstreamAt(mute, {
      name: 'mute',
      match: { pathPrefix: '/mute' },
      target: { url: mute, provider: 'mute', ...others },
    }),
    upstreamAt(`http://well.example:${port}`, { name: 'well' }),
  ];
}

test('a nameserver that is mute takes one lookup, and nothing from the other upstreams', async (t) => {
  const { url } = await startUpstream(t, (_, response) => response.setHeader('connection', 'close').end('ok'));
  const server = createSlowNameserver();
  const clock = createManualClock();
  const timeouts = { ...DEFAULT_TIMEOUTS, connectMs: 10_000 };
  const options = { upstreams: twoUpstreams(new URL(url).port), lookup: server.lookup, clock, timeouts };
  const { port, sink, settled } = await startProxy(t, url, options);
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const mute = Array.from({ length: 20 }, () => ask('/mute'));
  await eventually(() => assert.equal(sink.live(), 20));
  assert.deepEqual(server.asked, ['mute.example']);

  const well = ask('/well');
  await eventually(() => assert.deepEqual(server.asked, ['mute.example', 'well.example']));
  server.answer('well.example', ['127.0.0.1']);
  assert.equal((await well).status, 200);

  clock.advance(10_000);
  const answers = await Promise.all(mute);
  assert.ok(answers.every(({ status }) => status === 504));
  const { error } = (await answers[0]?.json()) as { readonly error: { readonly message: string } };
  assert.match(error.message, /no address for the name mute\.example within 10000 ms$/);
  assert.deepEqual(server.asked, ['mute.example', 'well.example']);
  const events = await settled(21);
  assert.equal(events.filter(({ error }) => error?.code === 'connect_timeout').length, 20);
});

test('a forward proxy is found by the same lookups', async (t) => {
  const { url } = await startUpstream(t, (_, response) => response.end('through the proxy'));
  const server = createSlowNameserver();
  const clock = createManualClock();
  const { port: proxyPort } = new URL(url);
  const proxy = { host: 'egress.example', port: Number(proxyPort), isTls: false, authorization: undefined };
  const options = { upstreams: twoUpstreams('80', { proxy }), lookup: server.lookup, clock };
  const { port, sink } = await startProxy(t, url, options);
  const asked = [1, 2].map(() => fetch(`http://127.0.0.1:${port}/mute`));
  await eventually(() => assert.equal(sink.live(), 2));
  assert.deepEqual(server.asked, ['egress.example']);
  server.answer('egress.example', ['127.0.0.1']);
  for (const answer of asked) assert.match(await (await answer).text(), /through the proxy/);
});

const isLinux = process.platform === 'linux';

test('there are 16 threads for lookups and files, or as many as the user says', { skip: !isLinux }, async (t) => {
  const [own, one] = await Promise.all([threadsOf(t, ''), threadsOf(t, '1')]);
  // libuv begins all of them with the first, at the latest when the state is written.
  await eventually(async () => assert.equal((await own()) - (await one()), 15));
});

async function threadsOf(t: TestContext, size: string): Promise<() => Promise<number>> {
  const { child, scrape } = await startExporter(t, ['--upstream=http://localhost:1'], {
    env: { UV_THREADPOOL_SIZE: size },
  });
  await scrape();
  return async () => (await readdir(`/proc/${child.pid}/task`)).length;
}
