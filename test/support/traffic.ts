import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

/** Chat requests at a steady pace, until the test ends or `stop` is called. */
export interface Traffic {
  stop(): Promise<void>;
}

/** Sends one request of each model every `everyMs` through `url`; what they answer is read and dropped. */
export function startTraffic(
  t: TestContext,
  { url, models, everyMs }: { readonly url: string; readonly models: readonly string[]; readonly everyMs: number },
): Traffic {
  const running = new Set<Promise<void>>();
  const abort = new AbortController();
  const send = async (model: string, stream: boolean): Promise<void> => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test' },
      body: JSON.stringify({
        model,
        stream,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hi' }],
      }),
      signal: AbortSignal.timeout(10_000),
    });
    await response.text();
  };
  const loop = async (): Promise<void> => {
    for (let round = 0; !abort.signal.aborted; round += 1) {
      for (const model of models) {
        // A request that finds the exporter gone at the end of a test is no failure of the test.
        const request = send(model, round % 2 === 0).catch(() => {});
        running.add(request);
        void request.then(() => running.delete(request));
      }
      await wait(everyMs, undefined, { signal: abort.signal }).catch(() => {});
    }
  };
  const looping = loop();
  const stop = async (): Promise<void> => {
    abort.abort();
    await looping;
    await Promise.all(running);
  };
  t.after(stop);
  return { stop };
}
