import assert from 'node:assert/strict';
import { Reply } from '../../src/input/proxy/client/reply.ts';
import { type ClientPair, type Clients, type Served, startClients, until } from './clients.ts';

/** A request that waits for its answer, and the answer. */
export interface Replying extends ClientPair {
  readonly clients: Clients;
  readonly served: Served;
  readonly reply: Reply;
  /** How often it was told. */
  readonly told: { finished: number; drained: number };
}

export const CLIENT_IDLE_MS = 500;

export interface ReplyingOptions {
  readonly method?: string;
  readonly version?: string;
  readonly fields?: string;
  /** Run in the read that brought the request; those behind it get no answer. */
  readonly play?: (reply: Reply) => unknown;
}

/** Sends a request on a connection of its own. */
export async function startReplying(
  t: { after(task: () => void): void },
  { method = 'GET', version = '1.1', fields = '', play }: ReplyingOptions = {},
): Promise<Replying> {
  const told = { finished: 0, drained: 0 };
  let begun: { served: Served; reply: Reply } | undefined;
  const clients = await startClients(t, {
    play(served) {
      if (begun !== undefined) return;
      const { connection, request } = served;
      const reply: Reply = new Reply({
        ...{ connection, request, clock: clients.clock, idleMs: CLIENT_IDLE_MS },
        onFinished() {
          told.finished += 1;
          served.end();
        },
        onDrain() {
          told.drained += 1;
        },
      });
      served.drained = () => reply.drained();
      begun = { served, reply };
      play?.(reply);
    },
  });
  const pair = await clients.open();
  pair.client.socket.write(`${method} / HTTP/${version}\r\nHost: x\r\n${fields}\r\n`);
  const { served, reply } = await until(() => {
    assert.ok(begun);
    return begun;
  });
  return { ...pair, clients, served, reply, told };
}
