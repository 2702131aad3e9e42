import { Command } from 'commander';
import { addressUrl, type ListenAddress } from '../config/units.ts';
import { formatNotification, wantsColour } from '../demo/notifications.ts';
import { createWebhookReceiver } from '../demo/webhook.ts';
import { createLog } from '../log.ts';
import { listenAddress, option } from './arguments.ts';
import type { CliContext } from './context.ts';
import { stopSignal } from './stop-signal.ts';

/** Where the receivers of the shipped configuration post to. */
const LISTEN: ListenAddress = { host: '127.0.0.1', port: 5001 };

const EXAMPLE = `
Example: with the Alertmanager configuration in alerts/, whose receivers post to this address
  llm-exporter notifications --listen-address 127.0.0.1:5001`;

/** `notifications`: prints what Alertmanager posts, until a signal ends it. */
export function notificationsCommand(context: CliContext): Command {
  return new Command('notifications')
    .description('print the notifications that Alertmanager posts to this webhook, as they arrive')
    .addOption(
      option('--listen-address <address>', 'where it listens', listenAddress).default(LISTEN, '127.0.0.1:5001'),
    )
    .addHelpText('after', EXAMPLE)
    .action((flags: { readonly listenAddress: ListenAddress }) => notifications(flags.listenAddress, context));
}

async function notifications(address: ListenAddress, context: CliContext): Promise<void> {
  const { stdout, env } = context;
  const colour = wantsColour(stdout, env);
  const receiver = createWebhookReceiver((notification) => {
    stdout.write(`${formatNotification(notification, { colour })}\n`);
  });
  const bound = await receiver.listen(address);
  createLog().info('waiting for notifications', { address: addressUrl(bound) });
  await stopSignal(context);
  await receiver.close();
}
