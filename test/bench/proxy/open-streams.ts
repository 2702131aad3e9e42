import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Peer } from './peers.ts';
import { rssMiB } from './process-cost.ts';

/** Connections that are opened at once: less than what a listening socket lets wait. */
const BATCH = 200;
const SETTLE_MS = 2_000;

const BODY = JSON.stringify({
  model: 'm',
  messages: [{ role: 'user', content: 'x'.repeat(500) }],
  hold: true,
  stream: true,
});
const REQUEST = [
  ...['POST /v1/chat/completions HTTP/1.1', 'host: bench', 'content-type: application/json'],
  ...['authorization: Bearer k', `content-length: ${BODY.length}`, '', BODY],
].join('\r\n');

/** Memory of a peer before, and with so many streams open of which each has had its first piece; in MiB. */
export async function memoryOfStreams(
  peer: Peer,
  count: number,
): Promise<{ readonly idleMiB: number; readonly openMiB: number }> {
  const idleMiB = rssMiB(peer.pid);
  const sockets: Socket[] = [];
  try {
    while (sockets.length < count) {
      const batch = Math.min(BATCH, count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openStream(new URL(peer.url))))));
    }
    await wait(SETTLE_MS);
    return { idleMiB, openMiB: rssMiB(peer.pid) };
  } finally {
    for (const socket of sockets) socket.destroy();
    await wait(SETTLE_MS);
  }
}

/** Resolves with the first piece of the answer. */
function openStream({ hostname, port }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(REQUEST));
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      if (text.includes('data: ')) return;
      text += bytes.toString('latin1');
      if (text.includes('data: ')) resolve(socket);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after: ${text.slice(0, 200)}`)));
  });
}
