import type { Server } from 'node:net';
import type { Log } from '../../../log.ts';

/**
 * Each kind once: such a fault meets every connection that waits. Of one kind nothing is heard: without a free file
 * descriptor libuv closes what waits and tells nobody (uv__emfile_trick in src/unix/stream.c).
 */
export function tellAcceptErrors(server: Server, log: Log): void {
  const told = new Set<string>();
  server.on('error', (err) => {
    const kind = 'code' in err ? String(err.code) : err.name;
    if (told.has(kind)) return;
    told.add(kind);
    log.error('the proxy cannot accept a connection; further errors of this kind are not logged', { err });
  });
}
