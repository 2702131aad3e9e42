import { Agent, request } from 'node:http';
import type { Peer } from './peers.ts';

export interface Load {
  readonly count: number;
  readonly stream: boolean;
  readonly promptBytes: number;
  readonly concurrency: number;
}

/** Sends so many requests over kept connections; hands back how long each took, in microseconds. Throws on anything but a good answer. */
export async function drive(
  peer: Pick<Peer, 'url' | 'headers'>,
  { count, stream, promptBytes, concurrency }: Load,
): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(promptBytes) }], stream });
  const spans: number[] = [];
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startMs = performance.now();
      await send(peer, agent, body);
      spans.push((performance.now() - startMs) * 1000);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return spans;
}

function send({ url, headers }: Pick<Peer, 'url' | 'headers'>, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const own = {
      ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      ...{ authorization: 'Bearer k', ...headers },
    };
    const call = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers: own }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answers ${response.statusCode}`));
      response.on('error', reject).on('end', resolve).resume();
    });
    call.on('error', reject).end(body);
  });
}
