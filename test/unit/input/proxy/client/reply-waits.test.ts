import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { until } from '../../../../support/clients.ts';
import { CLIENT_IDLE_MS, type Replying, startReplying } from '../../../../support/replying.ts';

const HEAD = { status: 200, reason: 'OK', headers: [] };
const PIECE = Buffer.alloc(1_000_000, 'a');
/** More than the system takes for one connection. */
const PIECES = 20;

/** An answer that the client does not take: the system takes some of it, and the rest waits. */
async function startStalled(t: { after(task: () => void): void }): Promise<Replying> {
  const replying = await startReplying(t, { fields: 'Connection: close\r\n' });
  replying.client.socket.pause();
  replying.reply.head(HEAD, true);
  for (let piece = 0; piece < PIECES; piece += 1) replying.reply.write(PIECE);
  await turn();
  assert.ok(replying.connection.socket.writableLength > 0, 'something waits');
  return replying;
}

/** The client takes what there is. */
async function takesAll({ client, connection }: Replying): Promise<void> {
  client.socket.resume();
  await until(() => assert.equal(connection.socket.writableLength, 0));
}

describe('a client that takes its time', () => {
  test('makes the sender wait, and is told of once it has taken what there was', async (t) => {
    const { client, connection, reply, told } = await startReplying(t);
    reply.head(HEAD, true);
    assert.equal(reply.write(Buffer.alloc(connection.socket.writableHighWaterMark - 1)), true);
    assert.equal(reply.write(Buffer.alloc(1)), false, 'the bound itself is too much');
    assert.equal(told.drained, 0);
    await until(() => assert.equal(told.drained, 1));
    assert.equal(reply.write(Buffer.from('z')), true);
    reply.end([]);
    await client.has(/z\r\n0\r\n\r\n$/);
    assert.equal(told.drained, 1);
  });

  test('is waited for while what it has not taken is more than the bound', async (t) => {
    const replying = await startStalled(t);
    const { reply, told } = replying;
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.equal(told.drained, 0);
    assert.equal(reply.write(Buffer.from('b')), false);
    await takesAll(replying);
    await until(() => assert.ok(told.drained > 0));
    assert.equal(reply.write(Buffer.from('c')), true);
  });

  test('gets every byte', async (t) => {
    const replying = await startStalled(t);
    const { client, reply, told } = replying;
    reply.end([]);
    client.socket.resume();
    await until(() => assert.ok(client.socket.readableEnded));
    assert.equal(told.finished, 1);
    // All of it was put off to the end of one turn, and so is one chunk.
    const body = `${(PIECES * PIECE.length).toString(16)}\r\n${'a'.repeat(PIECES * PIECE.length)}\r\n0\r\n\r\n`;
    assert.ok(client.text().endsWith(`\r\n\r\n${body}`));
  });
});

describe('a client that takes nothing', () => {
  test('is given up when its time is over', async (t) => {
    const { clients, connection, served } = await startStalled(t);
    clients.clock.advance(CLIENT_IDLE_MS - 1);
    assert.equal(connection.socket.destroyed, false);
    clients.clock.advance(1);
    assert.equal(connection.socket.destroyed, true);
    await until(() => assert.equal(served.isGone, true));
  });

  test('is given up behind the end of its answer too, which is not finished', async (t) => {
    const { clients, connection, reply, told } = await startStalled(t);
    reply.end([]);
    await turn();
    clients.clock.advance(CLIENT_IDLE_MS - 1);
    assert.equal(connection.socket.destroyed, false);
    clients.clock.advance(1);
    assert.equal(connection.socket.destroyed, true);
    assert.deepEqual([reply.isFinished, told.finished], [false, 0]);
  });

  test('is given up where the whole answer was here at once', async (t) => {
    const { client, clients, connection, reply, told } = await startReplying(t);
    client.socket.pause();
    reply.head(HEAD, true);
    for (let piece = 0; piece < PIECES; piece += 1) reply.write(PIECE);
    reply.end([]);
    await turn();
    clients.clock.advance(CLIENT_IDLE_MS);
    assert.equal(connection.socket.destroyed, true);
    assert.equal(told.finished, 0);
  });

  test('has its time from the last piece that had to wait', async (t) => {
    const { clients, connection, reply } = await startStalled(t);
    clients.clock.advance(CLIENT_IDLE_MS - 1);
    reply.write(Buffer.from('b'));
    await turn();
    clients.clock.advance(CLIENT_IDLE_MS - 1);
    assert.equal(connection.socket.destroyed, false);
    clients.clock.advance(1);
    assert.equal(connection.socket.destroyed, true);
  });

  test('is not given up once it goes on', async (t) => {
    const replying = await startStalled(t);
    replying.clients.clock.advance(CLIENT_IDLE_MS - 1);
    await takesAll(replying);
    await until(() => assert.ok(replying.told.drained > 0));
    replying.clients.clock.advance(10 * CLIENT_IDLE_MS);
    assert.equal(replying.connection.socket.destroyed, false, 'it has taken all there is');
  });

  test('is left alone where the exchange is over', async (t) => {
    const { clients, connection, reply } = await startStalled(t);
    reply.closed();
    clients.clock.advance(10 * CLIENT_IDLE_MS);
    assert.equal(connection.socket.destroyed, false);
  });
});

describe('an answer that is cut', () => {
  test('shows that it is not whole, and what was forwarded arrives', async (t) => {
    const { client, reply, told } = await startReplying(t);
    reply.head(HEAD, true);
    reply.write(Buffer.from('abc'));
    reply.cut();
    await until(() => assert.ok(client.socket.readableEnded));
    assert.match(client.text(), /\r\n\r\n3\r\nabc\r\n$/);
    assert.deepEqual([reply.isFinished, told.finished], [false, 0]);
  });

  test('is not waited for longer than any other', async (t) => {
    const { clients, connection, reply } = await startStalled(t);
    clients.clock.advance(CLIENT_IDLE_MS - 1);
    reply.cut();
    clients.clock.advance(CLIENT_IDLE_MS - 1);
    assert.equal(connection.socket.destroyed, false);
    clients.clock.advance(1);
    assert.equal(connection.socket.destroyed, true);
  });
});

test('what is written for a client that has left goes nowhere, and is not finished', async (t) => {
  const { client, connection, reply, told } = await startReplying(t);
  reply.head(HEAD, true);
  client.socket.resetAndDestroy();
  await until(() => assert.equal(connection.isClosed, true));
  assert.equal(reply.write(Buffer.from('abc')), true);
  reply.end([]);
  await turn();
  assert.deepEqual([reply.isFinished, told.finished], [false, 0]);
});
