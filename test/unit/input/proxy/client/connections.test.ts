import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientPair, type Clients, startClients, until } from '../../../../support/clients.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

const countsOf = ({ connections }: Clients): readonly number[] => [
  connections.count,
  connections.runningCount,
  connections.running().length,
];

async function openMany(clients: Clients, count: number): Promise<ClientPair[]> {
  const pairs: ClientPair[] = [];
  for (let at = 0; at < count; at += 1) pairs.push(await clients.open());
  return pairs;
}

/** A request is sent, and served. */
async function ask(clients: Clients, { client }: Pick<ClientPair, 'client'>): Promise<void> {
  const before = clients.served.length;
  client.socket.write(GET);
  await until(() => assert.equal(clients.served.length, before + 1));
}

/** A request is sent, and answered. */
async function goIdle(clients: Clients, pair: ClientPair): Promise<void> {
  await ask(clients, pair);
  clients.served.at(-1)?.answer('.');
  await until(() => assert.notEqual(pair.connection.idleSinceMs, undefined));
}

test('connections and what is under way on them are counted, and nothing is left of them', async (t) => {
  const clients = await startClients(t);
  assert.deepEqual(countsOf(clients), [0, 0, 0]);
  const pairs = await openMany(clients, 3);
  assert.deepEqual(countsOf(clients), [3, 0, 0]);
  for (const pair of pairs) await ask(clients, pair);
  assert.deepEqual(countsOf(clients), [3, 3, 3]);
  assert.deepEqual(clients.connections.running(), clients.served);
  clients.served[1]?.answer();
  assert.deepEqual(countsOf(clients), [3, 2, 2]);
  for (const { client } of pairs) client.socket.end();
  await until(() => assert.deepEqual(countsOf(clients), [0, 0, 0]));
  assert.deepEqual(
    clients.served.map(({ isGone }) => isGone),
    [true, false, true],
  );
});

test('one that is closed is remembered until what it served is counted', async (t) => {
  const clients = await startClients(t);
  const [pair] = await openMany(clients, 1);
  assert.ok(pair);
  await ask(clients, pair);
  const [served] = clients.served;
  assert.ok(served);
  // Its answer is waited for all the same, for the log.
  served.clientGone = () => undefined;
  pair.client.socket.end();
  await until(() => assert.equal(pair.connection.isClosed, true));
  assert.deepEqual(countsOf(clients), [0, 1, 1]);
  served.end();
  assert.deepEqual(countsOf(clients), [0, 0, 0]);
  served.connection.end(served);
  assert.deepEqual(countsOf(clients), [0, 0, 0], 'nothing is counted twice');
});

test('one too many takes the place of that which has been idle longest, and of none that is busy', async (t) => {
  const clients = await startClients(t);
  const pairs = await openMany(clients, 4);
  const [busy, older, newer, surplus] = pairs;
  assert.ok(busy && older && newer && surplus);
  await ask(clients, busy);
  await goIdle(clients, older);
  await goIdle(clients, newer);
  const closed = (): boolean[] => pairs.map(({ connection }) => connection.socket.destroyed);
  clients.connections.addSurplus(surplus.connection);
  assert.equal(surplus.connection.isSurplus, true);
  assert.deepEqual(closed(), [false, true, false, false]);
  await ask(clients, newer);
  clients.connections.addSurplus(surplus.connection);
  assert.deepEqual(closed(), [false, true, false, false], 'one that is busy again is not idle');
  await until(() => assert.equal(clients.connections.count, 3));
});

test('an idle one that has left makes no room', async (t) => {
  const clients = await startClients(t);
  const [left, idle, surplus] = await openMany(clients, 3);
  assert.ok(left && idle && surplus);
  await goIdle(clients, left);
  await goIdle(clients, idle);
  left.client.socket.end();
  await until(() => assert.equal(clients.connections.count, 2));
  clients.connections.addSurplus(surplus.connection);
  assert.equal(idle.connection.socket.destroyed, true);
});

test('those that wait for a request can be closed: idle ones, and those on which nothing has come', async (t) => {
  const clients = await startClients(t);
  const pairs = await openMany(clients, 4);
  const [fresh, idle, busy, begun] = pairs;
  assert.ok(fresh && idle && busy && begun);
  await goIdle(clients, idle);
  await ask(clients, busy);
  begun.client.socket.write('GET /');
  await until(() => assert.equal(begun.connection.socket.bytesRead, 5));
  assert.deepEqual(
    pairs.map(({ connection }) => connection.isWaiting),
    [true, true, false, false],
  );
  clients.connections.closeIdle();
  assert.deepEqual(
    pairs.map(({ connection }) => connection.socket.destroyed),
    [true, true, false, false],
  );
});

test('all can be closed, and each request is told', async (t) => {
  const clients = await startClients(t);
  const pairs = await openMany(clients, 3);
  for (const pair of pairs) await ask(clients, pair);
  clients.connections.closeAll();
  await until(() => assert.deepEqual(countsOf(clients), [0, 0, 0]));
  assert.ok(clients.served.every(({ isGone }) => isGone));
});

test('slow clients are looked for again whenever there is something to await', async (t) => {
  const clients = await startClients(t, { requestMs: 1000 });
  const [first] = await openMany(clients, 1);
  assert.ok(first);
  await goIdle(clients, first);
  // Nothing is awaited, so nobody looks.
  clients.clock.advance(5000);
  assert.equal(first.connection.socket.destroyed, false);
  first.client.socket.write('GET / HT');
  await until(() => assert.equal(first.connection.idleSinceMs, undefined));
  clients.clock.advance(1250);
  assert.deepEqual(
    clients.malformed.map(({ code }) => code),
    ['request_timeout'],
  );
});

test('bytes for whoever is served are told drained to that one', async (t) => {
  const clients = await startClients(t);
  const [pair] = await openMany(clients, 1);
  assert.ok(pair);
  await ask(clients, pair);
  pair.client.socket.pause();
  const { socket } = pair.connection;
  while (socket.write('a'.repeat(1_000_000)));
  assert.equal(clients.served[0]?.drains, 0);
  pair.client.socket.resume();
  await until(() => assert.equal(clients.served[0]?.drains, 1));
});

test('blank lines between requests do not keep a connection open', async (t) => {
  const clients = await startClients(t);
  const [pair] = await openMany(clients, 1);
  assert.ok(pair);
  await goIdle(clients, pair);
  const { connection, client } = pair;
  const sinceMs = connection.idleSinceMs;
  const { bytesRead } = connection.socket;
  clients.clock.advance(70_000);
  client.socket.write('\r\n');
  await until(() => assert.equal(connection.socket.bytesRead, bytesRead + 2));
  assert.equal(connection.idleSinceMs, sinceMs);
  clients.clock.advance(6000);
  assert.equal(connection.socket.destroyed, true);
});
