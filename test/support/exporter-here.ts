import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type RunningApp, startApp } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { addressUrl } from '../../src/config/units.ts';
import { createLog } from '../../src/log.ts';
import { newStateDir } from './exporter.ts';

/** An exporter in this process. */
export interface ExporterHere {
  readonly webUrl: string;
  /** Absent when nothing is proxied. */
  readonly proxyUrl: string;
  /** Stops it and starts it anew; under the same addresses, if these were given. */
  restart(): Promise<void>;
}

/** Starts an exporter in this process, on free loopback ports unless `config` names some, and ends it with the test. It keeps no state. */
export async function startHere(t: TestContext, config: object, clock = systemClock): Promise<ExporterHere> {
  const stateDir = newStateDir();
  // A dozen exporters that share a slow disk would wait for it, and scrapes for them. A restart begins at 0, which rules must bear.
  const all = { web: { listen_address: '127.0.0.1:0' }, state: { dir: stateDir, sync: 'off' }, ...config };
  const overrides = Object.entries(all).map(([key, value]) => ({ flag: key, path: [key], value }));
  const start = (): Promise<RunningApp> =>
    startApp({
      load: () => loadConfig({ overrides }),
      clock,
      log: createLog({ level: 'error' }),
      build: { version: '0.1.0', revision: 'test', nodeVersion: process.version },
      stdin: Readable.from([]),
    });
  let app = await start();
  t.after(async () => {
    await app.close();
    await rm(stateDir, { recursive: true, force: true });
  });
  const { webAddress, proxyAddress } = app;
  return {
    webUrl: addressUrl(webAddress),
    proxyUrl: proxyAddress === undefined ? '' : addressUrl(proxyAddress),
    async restart() {
      await app.close();
      app = await start();
    },
  };
}
