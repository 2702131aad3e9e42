import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startClients, until } from '../../../../support/clients.ts';

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
const MAX_HELD_BYTES = 64 * 1024;
/** What one read of a socket brings at most. */
const READ_BYTES = 64 * 1024;
/** A paused socket of node's reads on until its own buffer is full. */
const MAX_PAUSED_BYTES = 2 * READ_BYTES;

describe('requests that are sent at once', () => {
  test('are served one after the other, in order', async (t) => {
    const { served, open } = await startClients(t);
    const { client, connection } = await open();
    client.socket.write(get('/1') + get('/2') + get('/3'));
    for (const [at, path] of ['/1', '/2', '/3'].entries()) {
      const one = await until(() => {
        const begun = served[at];
        assert.ok(begun);
        return begun;
      });
      for (let turns = 0; turns < 5; turns += 1) await turn();
      assert.equal(served.length, at + 1, 'no other has begun');
      assert.equal(one.request.url, path);
      assert.equal(connection.running, one);
      assert.equal(connection.idleSinceMs, undefined);
      one.answer();
    }
    await client.has(/\/1HTTP.*\/2HTTP.*\/3$/s);
    await until(() => assert.notEqual(connection.idleSinceMs, undefined));
    assert.equal(connection.running, undefined);
  });

  test('with bodies each get their own', async (t) => {
    const { served, open } = await startClients(t, {
      play: (one) => one.request.whenComplete(() => one.answer()),
    });
    const { client } = await open();
    const post = 'POST /l HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /';
    const put = 'PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n';
    client.socket.write(`${post}${put}${post}\r\n${get('/end')}`);
    await client.has(/\/end$/);
    assert.deepEqual(
      served.map(({ request, body }) => [request.url, body, request.trailers]),
      [
        ['/l', 'GET /', []],
        ['/c', 'abc', ['X-T', '1']],
        ['/l', 'GET /', []],
        ['/end', '', []],
      ],
    );
  });

  test('may be thousands', async (t) => {
    const count = 5000;
    const { served, open } = await startClients(t, { play: (one) => one.answer('.') });
    const { client } = await open();
    client.socket.write(get('/').repeat(count - 1) + get('/last', 'Connection: close\r\n'));
    client.socket.once('end', () => client.socket.end());
    await until(() => assert.ok(client.socket.readableEnded));
    assert.equal(served.length, count);
    assert.equal(client.text().match(/\r\n\r\n\./g)?.length, count);
  });
});

test('what comes between an answer and the look at what is held stays behind that', async (t) => {
  const { served, malformed, open } = await startClients(t);
  const { client, connection } = await open();
  client.socket.write(`${get('/1')}GET /2 HT`);
  await until(() => assert.equal(served.length, 1));
  served[0]?.answer();
  connection.socket.emit('data', Buffer.from('TP/1.1\r\n\r\n'));
  await until(() => assert.equal(served[1]?.request.url, '/2'));
  assert.deepEqual(malformed, []);
});

test('who ends twice does not end the next', async (t) => {
  const { served, open } = await startClients(t);
  const { client, connection } = await open();
  client.socket.write(get('/1') + get('/2'));
  await until(() => assert.equal(served.length, 1));
  const [first] = served;
  assert.ok(first);
  first.answer();
  await until(() => assert.equal(served.length, 2));
  connection.end(first);
  assert.equal(connection.running, served[1]);
});

describe('a client that sends too much too early', () => {
  test('has to wait, and goes on with its answer', async (t) => {
    const count = 4000;
    let isAnswered = false;
    const { served, open } = await startClients(t, {
      maxHeadBytes: 2000,
      play: (one) => isAnswered && one.answer('.'),
    });
    const { client, connection } = await open();
    const request = get('/', `X: ${'a'.repeat(1000)}\r\n`);
    client.socket.write(request.repeat(count));
    await until(() => assert.ok(connection.socket.isPaused()));
    for (let turns = 0; turns < 50; turns += 1) await turn();
    const { bytesRead } = connection.socket;
    assert.ok(bytesRead >= MAX_HELD_BYTES, `${bytesRead} bytes were read`);
    const most = request.length + MAX_HELD_BYTES + READ_BYTES + MAX_PAUSED_BYTES;
    assert.ok(bytesRead <= most, `${bytesRead} bytes were read`);
    assert.equal(served.length, 1);
    isAnswered = true;
    served[0]?.answer('.');
    await until(() => assert.equal(served.length, count));
    assert.equal(connection.socket.bytesRead, count * request.length);
  });

  test('may send as much as is held without waiting', async (t) => {
    const { served, open } = await startClients(t, { maxHeadBytes: MAX_HELD_BYTES });
    const { client, connection } = await open();
    const first = get('/');
    client.socket.write(first);
    await until(() => assert.equal(served.length, 1));
    const early = get('/', `X: ${'a'.repeat(MAX_HELD_BYTES - 1 - get('/', 'X: \r\n').length)}\r\n`);
    client.socket.write(early);
    await until(() => assert.equal(connection.socket.bytesRead, first.length + MAX_HELD_BYTES - 1));
    assert.equal(connection.socket.isPaused(), false);
    client.socket.write('G');
    await until(() => assert.equal(connection.socket.isPaused(), true));
  });
});

describe('a body', () => {
  test('that its reader does not want yet makes the client wait', async (t) => {
    const { served, open } = await startClients(t, { play: (one) => one.request.pause() });
    const { client, connection } = await open();
    client.socket.write('POST / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n');
    await until(() => assert.equal(served.length, 1));
    assert.equal(connection.socket.isPaused(), true);
    const { bytesRead: before } = connection.socket;
    client.socket.write('a'.repeat(10_000_000));
    for (let turns = 0; turns < 50; turns += 1) await turn();
    const more = connection.socket.bytesRead - before;
    assert.ok(more <= MAX_PAUSED_BYTES, `${more} bytes were read`);
    assert.equal(served[0]?.body, '');
    served[0]?.request.resume();
    await until(() => assert.equal(served[0]?.body.length, 10_000_000));
    assert.equal(served[0]?.request.isComplete, true);
  });

  test('that comes behind its answer is read and dropped, and the next request is found', async (t) => {
    const { served, open } = await startClients(t);
    const { client } = await open();
    client.socket.write('POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc');
    await until(() => assert.equal(served[0]?.body, 'abc'));
    served[0]?.request.pause();
    served[0]?.answer('enough');
    await client.has(/enough$/);
    client.socket.write(`defghij${get('/next')}`);
    await until(() => assert.equal(served[1]?.request.url, '/next'));
    assert.equal(served[0]?.body, 'abc', 'nobody reads it any more');
  });
});

describe('Expect: 100-continue', () => {
  const post = (fields: string, version = '1.1'): string => `POST / HTTP/${version}\r\n${fields}\r\n\r\n`;

  for (const [what, head] of [
    ['a length', post('Content-Length: 3\r\nExpect: 100-continue')],
    ['chunks, in other letters', post('Transfer-Encoding: chunked\r\nexpect: 100-Continue')],
  ] as const)
    test(`the client of a body with ${what} is told to go on when the body is wanted`, async (t) => {
      const { served, open } = await startClients(t);
      const { client } = await open();
      client.socket.write(head);
      await until(() => assert.equal(served.length, 1));
      served[0]?.request.accept();
      await client.has(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    });

  for (const [what, head] of [
    ['without a body', get('/', 'Expect: 100-continue\r\n')],
    ['of HTTP/1.0', post('Content-Length: 3\r\nExpect: 100-continue', '1.0')],
    ['that expects something else', post('Content-Length: 3\r\nExpect: 200-ok')],
  ] as const)
    test(`a request ${what} is not`, async (t) => {
      const { served, open } = await startClients(t);
      const { client } = await open();
      client.socket.write(head);
      await until(() => assert.equal(served.length, 1));
      served[0]?.request.accept();
      served[0]?.answer('!');
      assert.match(await client.has(/!/), /^HTTP\/1\.1 200/);
    });

  test('comes behind the answer to the request before', async (t) => {
    const { served, open } = await startClients(t);
    const { client } = await open();
    client.socket.write(get('/') + post('Content-Length: 3\r\nExpect: 100-continue'));
    await until(() => assert.equal(served.length, 1));
    served[0]?.answer('first');
    await until(() => assert.equal(served.length, 2));
    served[1]?.request.accept();
    assert.match(await client.has(/100/), /^HTTP\/1\.1 200.*firstHTTP\/1\.1 100 Continue\r\n\r\n$/s);
  });
});

test('a socket that is given away hands back what came early, and then is one like any other', async (t) => {
  const { served, malformed, open } = await startClients(t);
  const { client, connection } = await open();
  client.socket.write(`${get('/')}early`);
  await until(() => assert.equal(served.length, 1));
  let text = connection.release().toString();
  assert.equal(text, 'early');
  connection.socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  client.socket.write(' late');
  await until(() => assert.equal(text, 'early late'));
  client.socket.end();
  await until(() => assert.ok(connection.socket.readableEnded));
  assert.equal(connection.socket.writableEnded, false, 'its half is somebody else’s');
  assert.deepEqual(malformed, []);
});
