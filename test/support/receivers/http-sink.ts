import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { closeServer, listen } from '../../../src/simulate/listen.ts';
import { answering, readBody } from '../upstream.ts';

export interface Delivery {
  readonly path: string;
  readonly body: unknown;
}

/** A service that takes every notification posted to it, as JSON, until the test ends. */
export async function startHttpSink(
  t: TestContext,
): Promise<{ readonly url: string; readonly deliveries: Delivery[] }> {
  const deliveries: Delivery[] = [];
  const server = createServer(
    answering(async (request, response) => {
      const body = await readBody(request);
      if (request.method === 'POST') deliveries.push({ path: request.url ?? '', body: JSON.parse(body.toString()) });
      // What PagerDuty and Opsgenie answer; Slack's "ok" is not looked at.
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end('{"status":"success","requestId":"1"}');
    }),
  );
  t.after(() => closeServer(server));
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${port}`, deliveries };
}
