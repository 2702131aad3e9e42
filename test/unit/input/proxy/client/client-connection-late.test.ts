import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KEEP_ALIVE_MS } from '../../../../../src/input/proxy/limits/listener.ts';
import { type ClientPair, type Clients, startClients, until } from '../../../../support/clients.ts';

const REQUEST_MS = 1000;
/** All are looked at this often: one that is late is found at most one look late. */
const LOOK_MS = REQUEST_MS / 4;
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n';

/** Sends, and waits until that has been read. */
async function sends({ client, connection }: ClientPair, text: string): Promise<void> {
  const before = connection.socket.bytesRead;
  client.socket.write(text);
  await until(() => assert.equal(connection.socket.bytesRead, before + text.length));
}

const codes = ({ malformed }: Clients): string[] => malformed.map(({ code }) => code);

/** Of the first request. */
const failureOf = ({ served }: Clients): string | undefined => served[0]?.failure?.code;

describe('a head', () => {
  test('that does not come as a whole in time ends its connection, however steadily it comes', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const pair = await clients.open();
    for (const byte of 'GET') {
      await sends(pair, byte);
      clients.clock.advance(LOOK_MS);
    }
    await sends(pair, ' ');
    clients.clock.advance(LOOK_MS - 1);
    assert.deepEqual(codes(clients), []);
    clients.clock.advance(1);
    assert.deepEqual(codes(clients), ['request_timeout']);
    await pair.client.has(/^HTTP\/1\.1 408/);
  });

  test('in time is served, and its connection has all its time for the next', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS, play: (one) => one.answer('.') });
    const pair = await clients.open();
    await sends(pair, 'GET / HT');
    clients.clock.advance(REQUEST_MS - 1);
    await sends(pair, 'TP/1.1\r\n\r\n');
    await pair.client.has(/\.$/);
    await sends(pair, 'G');
    clients.clock.advance(REQUEST_MS - 1);
    assert.deepEqual(codes(clients), []);
    clients.clock.advance(1 + LOOK_MS);
    assert.deepEqual(codes(clients), ['request_timeout']);
  });

  test('that never begins is no request: the connection is closed without a word', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const { client, connection } = await clients.open();
    clients.clock.advance(REQUEST_MS - 1);
    assert.equal(connection.socket.destroyed, false);
    clients.clock.advance(1);
    assert.equal(connection.socket.destroyed, true);
    await until(() => assert.ok(client.socket.readableEnded));
    assert.deepEqual([client.text(), clients.malformed], ['', []]);
  });

  test('that is held has its time from when it is read', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const pair = await clients.open();
    await sends(pair, `${GET}GET / HT`);
    clients.clock.advance(10 * REQUEST_MS);
    clients.served[0]?.answer();
    // It is read in a turn of its own.
    await turn();
    clients.clock.advance(REQUEST_MS - 1);
    assert.deepEqual(codes(clients), []);
    clients.clock.advance(1 + LOOK_MS);
    assert.deepEqual(codes(clients), ['request_timeout']);
  });
});

describe('a body', () => {
  test('of which nothing comes for so long fails its request', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const pair = await clients.open();
    await sends(pair, `${POST}a`);
    for (let pieces = 0; pieces < 8; pieces += 1) {
      clients.clock.advance(REQUEST_MS - LOOK_MS);
      await sends(pair, 'b');
    }
    assert.equal(failureOf(clients), undefined);
    clients.clock.advance(REQUEST_MS);
    assert.equal(failureOf(clients), undefined, 'the last piece is seen a look later at most');
    clients.clock.advance(LOOK_MS);
    assert.equal(failureOf(clients), 'request_timeout');
    assert.equal(clients.served[0]?.body, 'abbbbbbbb');
  });

  test('that has to wait for us is not late', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const pair = await clients.open();
    await sends(pair, POST);
    clients.served[0]?.request.pause();
    clients.clock.advance(10 * REQUEST_MS);
    assert.equal(failureOf(clients), undefined);
    clients.served[0]?.request.resume();
    clients.clock.advance(REQUEST_MS - LOOK_MS);
    assert.equal(failureOf(clients), undefined);
    clients.clock.advance(2 * LOOK_MS);
    assert.equal(failureOf(clients), 'request_timeout');
  });

  test('that is late behind its answer ends the connection', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const pair = await clients.open();
    await sends(pair, POST);
    clients.served[0]?.answer('early');
    await pair.client.has(/early$/);
    clients.clock.advance(REQUEST_MS + LOOK_MS);
    assert.equal(pair.connection.socket.destroyed, true);
    assert.equal(failureOf(clients), undefined);
  });

  test('that is here as a whole leaves its answer all the time it needs', async (t) => {
    const clients = await startClients(t, { requestMs: REQUEST_MS });
    const pair = await clients.open();
    await sends(pair, POST + 'a'.repeat(100));
    clients.clock.advance(100 * REQUEST_MS);
    assert.equal(failureOf(clients), undefined);
    clients.served[0]?.answer('late');
    await pair.client.has(/late$/);
  });
});

test('a connection that waits for its next request is closed a little later than clients are told', async (t) => {
  const clients = await startClients(t, { requestMs: REQUEST_MS, play: (one) => one.answer('.') });
  const pair = await clients.open();
  await sends(pair, GET);
  await pair.client.has(/\.$/);
  clients.clock.advance(KEEP_ALIVE_MS);
  assert.equal(pair.connection.socket.destroyed, false);
  clients.clock.advance(1000);
  assert.equal(pair.connection.socket.destroyed, true);
  await until(() => assert.ok(pair.client.socket.readableEnded));
  assert.deepEqual(clients.malformed, []);
});
