import type { TestContext } from 'node:test';
import { createWebhookReceiver, type Notification } from '../../src/demo/webhook.ts';

export interface Webhook {
  readonly url: string;
  /** What has arrived so far, oldest first. */
  readonly notifications: readonly Notification[];
}

/** Takes notifications of Alertmanager on a free loopback port, until the test ends. */
export async function startWebhook(t: TestContext): Promise<Webhook> {
  const notifications: Notification[] = [];
  const receiver = createWebhookReceiver((notification) => notifications.push(notification));
  t.after(() => receiver.close());
  const { port } = await receiver.listen({ host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${port}/`, notifications };
}
