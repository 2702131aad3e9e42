import type { Server } from 'node:net';
import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { createSeldom } from './seldom.ts';

/**
 * Errors of each kind once: such a fault meets every connection that waits. Of one kind nothing is heard: without a free file
 * descriptor libuv closes what waits and tells nobody (uv__emfile_trick in src/unix/stream.c). `proxy.max_connections` is there to keep us
 * from it, and of what is closed because of that we are told.
 */
export function tellAcceptErrors(server: Server, { clock, log }: { readonly clock: Clock; readonly log: Log }): void {
  const told = new Set<string>();
  server.on('error', (err) => {
    const kind = 'code' in err ? String(err.code) : err.name;
    if (told.has(kind)) return;
    told.add(kind);
    log.error('the proxy cannot accept a connection; further errors of this kind are not logged', { err });
  });
  server.on(
    'drop',
    createSeldom(clock, (connections) => log.warn(DROPPED, { connections })),
  );
}

const DROPPED = 'connections were closed unheard: there were more at once than proxy.max_connections lets be told so';
