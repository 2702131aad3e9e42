import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startCounting } from '../support/counting-proxy.ts';
import { bodyOf, send } from '../support/proxy.ts';
import { AT_ONCE } from '../support/retrying-proxy.ts';
import { startUpstream } from '../support/upstream.ts';

/** A forward proxy that answers every CONNECT with this status. */
async function startRefusing(t: TestContext, status: string) {
  let asked = 0;
  const server = createServer();
  server.on('connect', (_request, socket) => {
    asked += 1;
    socket.on('error', () => undefined);
    socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  // A TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { proxy: { host: '127.0.0.1', port, isTls: false, authorization: undefined }, asked: () => asked };
}

test('a forward proxy that will not have us is not asked again, one that fails is', async (t) => {
  for (const [status, tries, made] of [
    ['407 Proxy Authentication Required', 1, ['not_retryable']],
    ['403 Forbidden', 1, ['not_retryable']],
    ['503 Service Unavailable', 3, ['retried', 'retried', 'attempts_exhausted']],
  ] as const) {
    const { proxy, asked } = await startRefusing(t, status);
    const target = { url: 'https://api.example', provider: 'fake', proxy };
    const { port, settled, decisions, sum } = await startCounting(t, {
      upstreams: [{ name: 'a', target, retry: AT_ONCE }],
    });
    const answer = await send(port, '{"model":"m"}');
    assert.equal(answer.statusCode, 502);
    assert.match(String(await bodyOf(answer)), new RegExp(`the proxy answered ${status}`));
    await settled(1);
    assert.deepEqual([asked(), decisions.map(([, decision]) => decision)], [tries, made]);
    assert.equal(sum('llm_attempts_total', { cause: 'upstream_unreachable' }), tries);
  }
});

test('what a forward proxy denies is asked for at the fallback, which it may not stand before', async (t) => {
  const { proxy, asked } = await startRefusing(t, '403 Forbidden');
  const other = await startUpstream(t, (request, response) => {
    request.resume();
    response.end('{}');
  });
  const { port, settled, sum } = await startCounting(t, {
    upstreams: [
      {
        name: 'a',
        target: { url: 'https://api.example', provider: 'first', proxy },
        retry: { ...AT_ONCE, fallback: { upstream: 'b', causes: new Set() } },
      },
      { name: 'b', target: { url: other.url, provider: 'second' } },
    ],
  });
  const answer = await send(port, '{"model":"m"}');
  assert.equal(answer.statusCode, 200);
  await bodyOf(answer);
  await settled(1);
  assert.equal(asked(), 1);
  assert.equal(sum('llm_attempts_total', { provider: 'second' }), 1);
});
