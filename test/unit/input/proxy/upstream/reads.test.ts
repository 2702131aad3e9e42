import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openDirect, readBytes } from '../../../../../src/input/proxy/upstream/reads.ts';
import { eventually } from '../../../../support/eventually.ts';

/** A connection that is read directly, and its other end. */
async function openPair(t: TestContext): Promise<{ readonly direct: Socket; readonly other: Socket }> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<Socket[]>;
  const direct = openDirect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const [other] = await accepted;
  assert.ok(other !== undefined);
  t.after(() => {
    direct.destroy();
    other.destroy();
    server.close();
  });
  return { direct, other };
}

test('a listener hears what comes, in one buffer for all connections', async (t) => {
  const pairs = [await openPair(t), await openPair(t)];
  const heard = pairs.map(() => '');
  const memories = new Set<ArrayBufferLike>();
  for (const [at, { direct, other }] of pairs.entries()) {
    readBytes(direct, (bytes) => {
      memories.add(bytes.buffer);
      heard[at] += bytes.toString('latin1');
    });
    other.write(`to ${at}`);
  }
  await eventually(() => assert.deepEqual(heard, ['to 0', 'to 1']));
  assert.equal(memories.size, 1);
});

test('what comes when nobody listens any more is read as from any stream, and stays as it is', async (t) => {
  const { direct, other } = await openPair(t);
  const busy = await openPair(t);
  readBytes(busy.direct, () => undefined);
  readBytes(direct, () => assert.fail('nothing came yet'))();
  other.write('first');
  await once(direct, 'readable');
  busy.other.write('xxxxxxxxxx');
  await eventually(() => assert.equal(busy.direct.bytesRead, 10));
  other.end(' second');
  let text = '';
  for await (const bytes of direct) text += bytes;
  assert.equal(text, 'first second');
});

test('a stream that nobody takes from holds its sender up, and goes on when it is read', async (t) => {
  const { direct, other } = await openPair(t);
  const sent = Buffer.alloc(16 * 1024 * 1024, 'abcdefg');
  other.end(sent);
  await once(direct, 'readable');
  assert.ok(direct.readableLength <= 2 * direct.readableHighWaterMark + 64 * 1024, `${direct.readableLength} are held`);
  assert.ok(other.writableLength > 0);
  const pieces: Buffer[] = [];
  for await (const bytes of direct) pieces.push(bytes);
  assert.ok(Buffer.concat(pieces).equals(sent));
});

test('a pause holds the sender up, and the end is told after the last bytes', async (t) => {
  const { direct, other } = await openPair(t);
  let length = 0;
  let isOver = false;
  readBytes(direct, (bytes) => {
    assert.ok(!direct.isPaused(), 'nothing comes during a pause');
    length += bytes.length;
    direct.pause();
    setImmediate(() => direct.resume());
  });
  direct.on('end', () => {
    isOver = true;
  });
  other.end(Buffer.alloc(4 * 1024 * 1024));
  await eventually(() => assert.ok(isOver));
  assert.equal(length, 4 * 1024 * 1024);
});
