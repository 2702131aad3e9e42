import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LINGER_MS } from '../../../../../src/input/proxy/client/client-connection.ts';
import { type Clients, startClients, until } from '../../../../support/clients.ts';

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
const POST = 'POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc';

/** Nothing is left of any client. */
const allOver = ({ connections, served }: Clients): Promise<void> =>
  until(() => {
    assert.deepEqual([connections.count, connections.runningCount, connections.running()], [0, 0, []]);
    assert.ok(served.every(({ connection }) => connection.running === undefined && connection.isClosed));
  });

describe('a client that leaves', () => {
  for (const [how, leave] of [
    ['and closes its half', 'end'],
    ['and resets', 'resetAndDestroy'],
  ] as const) {
    test(`in good time ${how} is no request`, async (t) => {
      const clients = await startClients(t);
      const { client } = await clients.open();
      client.socket[leave]();
      await allOver(clients);
      assert.deepEqual([clients.served, clients.malformed], [[], []]);
    });

    test(`before its answer ${how} is told to whoever serves it`, async (t) => {
      const clients = await startClients(t);
      const { client } = await clients.open();
      client.socket.write(get('/'));
      await until(() => assert.equal(clients.served.length, 1));
      client.socket[leave]();
      await until(() => assert.equal(clients.served[0]?.isGone, true));
      await allOver(clients);
    });

    test(`in the middle of a body ${how} is told too`, async (t) => {
      const clients = await startClients(t);
      const { client } = await clients.open();
      client.socket.write(POST);
      await until(() => assert.equal(clients.served[0]?.body, 'abc'));
      client.socket[leave]();
      await until(() => assert.equal(clients.served[0]?.isGone, true));
      await allOver(clients);
      assert.equal(clients.served[0]?.request.isComplete, false);
    });

    test(`in the middle of a head ${how} is no request`, async (t) => {
      const clients = await startClients(t);
      const { client, connection } = await clients.open();
      client.socket.write('GET / HTT');
      await until(() => assert.equal(connection.socket.bytesRead, 9));
      client.socket[leave]();
      await allOver(clients);
      assert.deepEqual([clients.served, clients.malformed], [[], []]);
    });
  }

  test('between two requests is told nothing', async (t) => {
    const clients = await startClients(t, { play: (one) => one.answer() });
    const { client } = await clients.open();
    client.socket.write(get('/'));
    await client.has(/\/$/);
    client.socket.end();
    await allOver(clients);
    await until(() => assert.ok(client.socket.readableEnded));
    assert.equal(clients.served[0]?.isGone, false);
  });

  for (const [what, early, paths] of [
    ['whole ones', get('/2') + get('/3'), ['/1', '/2', '/3']],
    ['a half one', `${get('/2')}GET /3 HTT`, ['/1', '/2']],
    ['one whose body is half here', get('/2') + POST + get('/no'), ['/1', '/2', '/']],
    ['rubbish behind one', `${get('/2')}\0${get('/no')}`, ['/1', '/2']],
    ['a last one', get('/2', 'Connection: close\r\n') + get('/no'), ['/1', '/2']],
  ] as const)
    test(`with requests that are held (${what}) has each counted once`, async (t) => {
      const clients = await startClients(t);
      const { client, connection } = await clients.open();
      client.socket.write(get('/1'));
      await until(() => assert.equal(clients.served.length, 1));
      client.socket.write(early);
      await until(() => assert.equal(connection.socket.bytesRead, get('/1').length + early.length));
      client.socket.end();
      await allOver(clients);
      assert.deepEqual(
        clients.served.map(({ request, isGone }) => [request.url, isGone]),
        paths.map((path) => [path, true]),
      );
      assert.deepEqual(clients.malformed, [], 'nobody is there to be told');
    });

  test('right behind its request still gets an answer that is here at once', async (t) => {
    const clients = await startClients(t, { play: (one) => one.answer('in time') });
    const { client } = await clients.open();
    client.socket.end(get('/'));
    await client.has(/in time$/);
    await allOver(clients);
    assert.equal(clients.served[0]?.isGone, false);
  });
});

describe('the last answer', () => {
  for (const [what, request] of [
    ['Connection: close', get('/', 'Connection: close\r\n')],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
  ] as const)
    test(`to ${what} closes the connection, and nothing behind it is a request`, async (t) => {
      const clients = await startClients(t);
      const { client, connection } = await clients.open();
      client.socket.write(request + get('/no'));
      await until(() => assert.equal(clients.served.length, 1));
      assert.equal(connection.isLast, true);
      assert.equal(connection.isClosed, false, 'its answer is owed');
      clients.served[0]?.answer();
      await until(() => assert.ok(client.socket.readableEnded));
      client.socket.end();
      await allOver(clients);
      assert.equal(clients.served.length, 1);
    });

  test('HTTP/1.0 stays where it asks to', async (t) => {
    const { served, open } = await startClients(t, { play: (one) => one.answer('.') });
    const { client } = await open();
    client.socket.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'.repeat(2));
    await client.has(/\..*\.$/s);
    assert.equal(served.length, 2);
  });

  test('to a client that is still sending arrives, and the client has its time', async (t) => {
    const clients = await startClients(t);
    const { client, connection } = await clients.open();
    client.socket.write('POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\nabc');
    await until(() => assert.equal(clients.served[0]?.body, 'abc'));
    clients.served[0]?.answer('enough');
    await client.has(/enough$/);
    await until(() => assert.ok(client.socket.readableEnded, 'our half is closed'));
    client.socket.write('d'.repeat(500_000));
    await until(() => assert.ok(connection.socket.bytesRead > 500_000, 'it is read on'));
    clients.clock.advance(LINGER_MS - 1);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    assert.equal(connection.isClosed, false);
    clients.clock.advance(1);
    await allOver(clients);
  });

  test('to a client that has sent all of it waits for nothing more', async (t) => {
    const clients = await startClients(t);
    const { client } = await clients.open();
    client.socket.write('POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc');
    await until(() => assert.equal(clients.served[0]?.body, 'abc'));
    clients.served[0]?.answer('enough');
    await client.has(/enough$/);
    client.socket.end(`def${get('/no')}`);
    await allOver(clients);
    assert.equal(clients.served.length, 1);
  });

  test('is that under way where no more is taken', async (t) => {
    const clients = await startClients(t);
    const { client, connection } = await clients.open();
    client.socket.write(get('/1') + get('/2'));
    await until(() => assert.equal(clients.served.length, 1));
    connection.refuseMore();
    clients.served[0]?.answer();
    // What was held is not looked at, and the client may not have read its answer.
    await until(() => assert.ok(client.socket.readableEnded));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.equal(connection.isClosed, false, 'a reset could overtake the answer');
    client.socket.end();
    await allOver(clients);
    assert.equal(clients.served.length, 1);
  });
});

describe('what is no request', () => {
  test('is told once, and all behind it is dropped', async (t) => {
    const clients = await startClients(t);
    const { client, connection } = await clients.open();
    client.socket.write('\0');
    await client.has(/^HTTP\/1\.1 400 X\r\n/);
    client.socket.write(`\0\0${get('/no')}`);
    await until(() => assert.ok(connection.socket.bytesRead > 3));
    clients.clock.advance(LINGER_MS);
    await allOver(clients);
    assert.deepEqual(
      clients.malformed.map(({ code }) => code),
      ['malformed_request'],
    );
    assert.deepEqual(clients.served, []);
  });

  test('behind a request waits until that is answered', async (t) => {
    const clients = await startClients(t);
    const { client } = await clients.open();
    client.socket.write(`${get('/')}\0`);
    await until(() => assert.equal(clients.served.length, 1));
    assert.deepEqual(clients.malformed, []);
    clients.served[0]?.answer();
    await client.has(/200 OK.*400 X/s);
    assert.equal(clients.malformed.length, 1);
  });

  test('in a body fails its request, once, and is told by that', async (t) => {
    const clients = await startClients(t);
    const { client, connection } = await clients.open();
    client.socket.write('PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab');
    await until(() => assert.equal(clients.served[0]?.failure?.code, 'malformed_request'));
    assert.equal(connection.isLast, true);
    client.socket.write(get('/no'));
    clients.served[0]?.answer('bad');
    await client.has(/bad$/);
    await until(() => assert.ok(client.socket.readableEnded));
    clients.clock.advance(LINGER_MS);
    await allOver(clients);
    assert.deepEqual([clients.served.length, clients.malformed], [1, []]);
  });

  test('may be a head that is too large', async (t) => {
    const clients = await startClients(t, { maxHeadBytes: 100 });
    const { client } = await clients.open();
    client.socket.write(get('/', `X: ${'a'.repeat(100)}\r\n`));
    await client.has(/^HTTP\/1\.1 431/);
  });
});
