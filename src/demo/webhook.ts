import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { readBody } from '../simulate/body.ts';
import { type Address, closeServer, listen } from '../simulate/listen.ts';

const labels = z.record(z.string(), z.string());
const statusSchema = z.enum(['firing', 'resolved']);
const notificationSchema = z.object({
  version: z.literal('4'),
  status: statusSchema,
  receiver: z.string(),
  groupLabels: labels,
  commonLabels: labels,
  commonAnnotations: labels,
  externalURL: z.string(),
  alerts: z.array(
    z.object({ status: statusSchema, labels, annotations: labels, startsAt: z.string(), endsAt: z.string() }),
  ),
});

/** What Alertmanager posts: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4). */
export type Notification = Readonly<z.output<typeof notificationSchema>>;
export type NotifiedAlert = Notification['alerts'][number];

export interface WebhookReceiver {
  listen(address: Address): Promise<Address>;
  close(): Promise<void>;
}

/** An HTTP server that hands over each notification posted to it. Anything else is answered with 400 and why. */
export function createWebhookReceiver(onNotification: (notification: Notification) => void): WebhookReceiver {
  const server = createServer((request, response) => {
    receive(request).then(
      (notification) => {
        onNotification(notification);
        response.end();
      },
      (error: unknown) => {
        response.writeHead(400, { 'content-type': 'text/plain' });
        response.end(`no notification of Alertmanager: ${error instanceof Error ? error.message : String(error)}\n`);
      },
    );
  });
  return { listen: (address) => listen(server, address), close: () => closeServer(server) };
}

async function receive(request: IncomingMessage): Promise<Notification> {
  const body = await readBody(request);
  if (request.method !== 'POST') throw new Error('use POST');
  if (body === 'too_large') throw new Error('too large');
  return notificationSchema.parse(JSON.parse(body.toString()));
}
