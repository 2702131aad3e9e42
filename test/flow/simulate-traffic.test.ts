import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { startTraffic } from '../../src/demo/traffic.ts';
import { closeServer, listen } from '../../src/simulate/listen.ts';
import { eventually } from '../support/eventually.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('traffic asks several models, streamed and not, at the rate it is given', async (t) => {
  const asked: { model: string; stream: boolean }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push(JSON.parse(body));
      response.end('{}');
    });
  });
  t.after(() => closeServer(server));
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  const clock = createManualClock();
  const traffic = startTraffic({
    url: `http://127.0.0.1:${port}`,
    clock,
    requestsPerSecond: 20,
    models: ['a', 'b', 'c'],
  });
  for (let second = 0; second < 2; second++) {
    clock.advance(999);
    await eventually(() => assert.equal(asked.length, traffic.sent()));
    clock.advance(1);
  }
  await traffic.stop();
  assert.equal(traffic.sent(), 41);
  assert.deepEqual(new Set(asked.map(({ model, stream }) => `${model} ${stream}`)).size, 6);
  clock.advance(1000);
  assert.equal(traffic.sent(), 41);
});

test('traffic does not pile up on an API that never answers, and stops all the same', async (t) => {
  let open = 0;
  const server = createServer((_, response) => {
    open++;
    response.on('close', () => open--);
  });
  t.after(() => closeServer(server));
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  const clock = createManualClock();
  const traffic = startTraffic({ url: `http://127.0.0.1:${port}`, clock, requestsPerSecond: 100 });
  clock.advance(10_000);
  assert.equal(traffic.sent(), 64);
  await eventually(() => assert.equal(open, 64));
  const stopped = traffic.stop();
  clock.advance(5_000);
  await stopped;
  await eventually(() => assert.equal(open, 0));
});

test('failures do not stop the traffic', async () => {
  const clock = createManualClock();
  const traffic = startTraffic({ url: 'http://127.0.0.1:1', clock, requestsPerSecond: 10 });
  clock.advance(1000);
  await traffic.stop();
  assert.equal(traffic.sent(), 11);
});
