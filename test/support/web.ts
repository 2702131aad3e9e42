import type { TestContext } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { createRecorder } from '../../src/metrics/record/recorder.ts';
import { createStore } from '../../src/metrics/store.ts';
import { createWebServer, type WebServerOptions } from '../../src/server/server.ts';

/** The web server with store and recorder, but nothing that feeds them. */
export async function startWeb(t: TestContext, options: Partial<WebServerOptions> = {}) {
  const clock = systemClock;
  const store = createStore({ clock, limits: { series: 1_000_000 } });
  const catalogue = loadCatalogue();
  const settings = { providers: { novita: { models: ['m1'] } }, modelLimit: 200 };
  const recorder = createRecorder({ store, catalogue, clock, settings });
  const logged: string[] = [];
  const web = createWebServer({
    store,
    recorder,
    catalogue,
    clock,
    log: createLog({ write: (line) => logged.push(line) }),
    build: { version: '1.2.3', revision: 'abc', nodeVersion: process.version },
    isReady: () => true,
    inputs: () => [],
    ...options,
  });
  const { host, port } = await web.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => web.close());
  return { store, recorder, web, logged, port, url: `http://${host}:${port}` };
}
