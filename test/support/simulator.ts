import type { TestContext } from 'node:test';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulate/simulator.ts';

/** A simulated API on a free loopback port, stopped when the test ends. */
export async function startSimulator(
  t: TestContext,
  options: SimulatorOptions = {},
): Promise<Simulator & { readonly url: string }> {
  const simulator = createSimulator(options);
  t.after(() => simulator.close());
  const { port } = await simulator.listen({ host: '127.0.0.1', port: 0 });
  return { ...simulator, url: `http://127.0.0.1:${port}` };
}
