import { once } from 'node:events';
import type { Server } from 'node:http';
import { ProblemError } from '../problem.ts';

export interface Address {
  /** Absent: every interface. */
  readonly host?: string | undefined;
  readonly port: number;
}

/** A proxy under load opens connections by the thousand; node lets 511 wait, and drops the others. */
const BACKLOG = 4096;

/** Port 0 lets the system choose; answers with the address in use. Throws a ProblemError when it cannot be had. */
export async function listen(server: Server, { host, port }: Address): Promise<Address> {
  server.listen({ port, host, backlog: BACKLOG });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why = code === 'EADDRINUSE' ? 'another program listens there already' : code;
    throw new ProblemError([{ code: 'listen.failed', message: `cannot listen on ${host ?? ''}:${port}: ${why}` }], {
      cause: error,
    });
  }
  const bound = server.address();
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port };
}

/** Ends every connection, running requests included. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
