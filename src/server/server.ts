import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import express, { type Express } from 'express';
import type { ListenAddress } from '../config/units.ts';
import type { Log } from '../log.ts';
import type { Cut } from '../metrics/cut.ts';
import { createMetricsRegistry } from '../metrics/registry.ts';
import { type Birth, createScrapers, type Scrapers } from '../metrics/scrapers.ts';
import { apiRoutes } from './api-routes.ts';
import { type LifecycleOptions, lifecycleRoutes } from './lifecycle-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { renderStatusPage } from './page/status-page.ts';
import { STYLE_SOURCE } from './page/style.ts';
import { type PushHandler, pushRoute } from './push-route.ts';
import { CONTENT_POLICY, handleErrors, notFound, onlyMethods, secureHeaders } from './respond.ts';
import { createStatus, type StatusOptions } from './status.ts';

/** Everything that the web pages read or trigger. */
export interface WebServerOptions extends StatusOptions, LifecycleOptions {
  readonly log: Log;
  /** Takes pushed logs; without it there is no such path. */
  readonly receive?: PushHandler | undefined;
  /** How series born late are shown to scrapers, when they are not remembered by someone else. */
  readonly birth?: Birth | undefined;
  /** Who scrapes, and what they have seen. */
  readonly scrapers?: Scrapers | undefined;
  /** Takes the values that a scraper is told; resolves when they can be told. By default those of the moment. */
  readonly cut?: (() => Promise<Cut>) | undefined;
}

/** The server for Prometheus and people. Proxied traffic never passes here. */
export interface WebServer {
  /** Rejects with Node's error (`EADDRINUSE`) when it cannot; port 0 takes a free one. Resolves to the address in use. */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Lets answers under way finish, for at most CLOSE_GRACE_MS. */
  close(): Promise<void>;
}

/** A scrape is over in less; a client that reads slower than this must not hold up the end of the process. */
const CLOSE_GRACE_MS = 1_000;
/** Scrapers, probes and a few people; past that new connections are refused rather than kept in memory. */
const MAX_CONNECTIONS = 256;
/** Time for a client to send a whole request: they have no body to speak of. */
const REQUEST_TIMEOUT_MS = 10_000;

export function createWebServer(options: WebServerOptions): WebServer {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    createApp(options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  return {
    async listen(address) {
      const listening = await listen(server, address);
      // Only now: that an address cannot be had is told to the caller.
      server.on('error', (error) => options.log.error('web server failed', { err: error }));
      return listening;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const cancel = options.clock.after(CLOSE_GRACE_MS, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

function createApp(options: WebServerOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  const { store, clock, birth } = options;
  const { cut = async () => store.cut(), scrapers = createScrapers({ clock, births: store.births, birth }) } = options;
  const registry = createMetricsRegistry(store);
  const status = createStatus(options);
  app.use(secureHeaders);
  app.route('/metrics').get(metricsRoute({ cut, store, clock, registry, scrapers })).all(onlyMethods('GET', 'HEAD'));
  app
    .route('/')
    .get((_request, response) => {
      response.set('Content-Security-Policy', `${CONTENT_POLICY}; style-src ${STYLE_SOURCE}`);
      response.type('html').send(renderStatusPage(status()));
    })
    .all(onlyMethods('GET', 'HEAD'));
  app.use(lifecycleRoutes(options), apiRoutes({ status, catalogue: options.catalogue }));
  if (options.receive !== undefined) app.use(pushRoute(options.receive));
  app.use(notFound, handleErrors(options.log));
  return app;
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<ListenAddress> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  // A server on a host and port has an address object; a string would be a pipe's path.
  return typeof address === 'object' && address !== null
    ? { host: address.address, port: address.port }
    : { host, port };
}
