import type { TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { createProxy, type ProxyOptions } from '../../src/input/proxy/proxy.ts';
import { createLog } from '../../src/log.ts';
import { type Counted, createCounted } from './retrying-proxy.ts';

/** A running proxy in front of the real recorder. */
export interface CountingProxy extends Counted {
  readonly proxy: ReturnType<typeof createProxy>;
  readonly port: number;
  readonly url: string;
  readonly logLines: readonly string[];
}

/** Starts it on a free port; it is closed when the test ends. */
export async function startCounting(
  t: TestContext,
  {
    clock = systemClock,
    ...options
  }: Omit<ProxyOptions, 'sink' | 'log' | 'clock'> & Partial<Pick<ProxyOptions, 'clock'>>,
): Promise<CountingProxy> {
  const { sink, counted } = createCounted(clock);
  const logLines: string[] = [];
  const proxy = createProxy({ sink, clock, log: createLog({ write: (line) => logLines.push(line) }), ...options });
  t.after(() => proxy.close());
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return { ...counted, proxy, port, url: `http://127.0.0.1:${port}`, logLines };
}
