import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { startApp } from '../../../src/app.ts';
import { systemClock } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { addressUrl } from '../../../src/config/units.ts';
import { freePort } from '../../../src/demo/program/http-program.ts';
import { createLog } from '../../../src/log.ts';
import type { Fault } from '../../../src/simulate/faults.ts';
import { createSimulator } from '../../../src/simulate/simulator.ts';
import { newStateDir } from '../exporter.ts';

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
    proxy: { upstream: upstream.url, provider: 'novita', listen_address: `127.0.0.1:${await stablePort()}` },
    providers: { novita: { models: [...models] } },
  });
  const { proxyAddress } = exporter.app;
  if (proxyAddress === undefined) throw new Error('nothing is proxied');
  return { ...upstream, ...exporter, proxyUrl: addressUrl(proxyAddress) };
}

/** An exporter that reads the log of one file; gives back where it is scraped. */
export async function startLogReader(t: TestContext, file: string): Promise<string> {
  const { target } = await startHere(t, { logs: [{ file, provider: 'novita' }] });
  return target;
}

async function startHere(t: TestContext, config: object) {
  const web = { listen_address: `127.0.0.1:${await stablePort()}` };
  const stateDir = newStateDir();
  // A dozen exporters that share a slow disk would wait for it, and scrapes for them. A restart begins at 0, which rules must bear.
  const all = { web, state: { dir: stateDir, sync: 'off' }, ...config };
  const overrides = Object.entries(all).map(([key, value]) => ({ flag: key, path: [key], value }));
  const start = () =>
    startApp({
      load: () => loadConfig({ overrides }),
      clock: systemClock,
      log: createLog({ level: 'error' }),
      build: { version: '0.1.0', revision: 'test', nodeVersion: process.version },
      stdin: Readable.from([]),
    });
  let app = await start();
  t.after(async () => {
    await app.close();
    await rm(stateDir, { recursive: true, force: true });
  });
  return {
    app,
    target: new URL(addressUrl(app.webAddress)).host,
    async restart() {
      await app.close();
      app = await start();
    },
  };
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

const LOWEST_PORT = 10_000;
/** Below those that the system gives to outgoing connections, or one of these takes it while nobody listens. */
const HIGHEST_PORT = 32_000;

/** A port that nobody listens on, and that stays ours while we do not. */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if ((await freePort(port)) === port) return port;
  }
}
