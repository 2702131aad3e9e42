import type { TestContext } from 'node:test';
import { addressUrl } from '../../../src/config/units.ts';
import type { Fault } from '../../../src/simulate/faults.ts';
import { createSimulator } from '../../../src/simulate/simulator.ts';
import { startHere } from '../exporter-here.ts';
import { stablePort } from '../stable-port.ts';

/** An exporter as a proxy in front of a simulated API. */
export interface Gateway {
  readonly proxyUrl: string;
  /** Where it is scraped: `127.0.0.1:9503`. */
  readonly target: string;
  /** Stops the exporter and starts it anew, under the same addresses. */
  restart(): Promise<void>;
  setFaults(faults: readonly Fault[]): void;
  /** The API is gone: its address refuses connections until `reach`. */
  unreach(): Promise<void>;
  reach(): Promise<void>;
}

/** How long the simulated gateway waits before it answers 504. */
const GATEWAY_TIMEOUT_MS = 200;

/** Starts both in this process, to spare a loaded machine a dozen others; ended when the test ends. */
export async function startGateway(t: TestContext, models: readonly string[]): Promise<Gateway> {
  const upstream = await startUpstream(t);
  const exporter = await startHere(t, {
    web: await webAddress(),
    proxy: { upstream: upstream.url, provider: 'novita', listen_address: `127.0.0.1:${await stablePort()}` },
    providers: { novita: { models: [...models] } },
  });
  return { ...upstream, ...exporter, target: new URL(exporter.webUrl).host };
}

/** An exporter that reads the log of one file; gives back where it is scraped. */
export async function startLogReader(t: TestContext, file: string): Promise<string> {
  const { webUrl } = await startHere(t, { web: await webAddress(), logs: [{ file, provider: 'novita' }] });
  return new URL(webUrl).host;
}

/** Under an address that it keeps through restarts. */
async function webAddress(): Promise<{ readonly listen_address: string }> {
  return { listen_address: `127.0.0.1:${await stablePort()}` };
}

/** A simulated API that can go and come back under the same address. */
async function startUpstream(t: TestContext) {
  const start = () => createSimulator({ gatewayTimeoutMs: GATEWAY_TIMEOUT_MS });
  let simulator = start();
  const address = { host: '127.0.0.1', port: await stablePort() };
  await simulator.listen(address);
  t.after(() => simulator.close());
  return {
    url: addressUrl(address),
    setFaults: (faults: readonly Fault[]) => simulator.setFaults(faults),
    unreach: () => simulator.close(),
    async reach() {
      simulator = start();
      await simulator.listen(address);
    },
  };
}
