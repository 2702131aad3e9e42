import type { Notification } from './webhook.ts';

/** Notifications that have arrived, and those still to come. */
export interface Inbox {
  deliver(notification: Notification): void;
  /** The first one, past or to come, that `matches`; undefined once `signal` is aborted. */
  find(matches: (notification: Notification) => boolean, signal: AbortSignal): Promise<Notification | undefined>;
}

/** Keeps everything: meant for the minutes of a demo. `onDelivery` is called with each as it arrives. */
export function createInbox(onDelivery: (notification: Notification) => void): Inbox {
  const received: Notification[] = [];
  const waiting = new Set<() => void>();
  return {
    deliver(notification) {
      received.push(notification);
      onDelivery(notification);
      for (const look of waiting) look();
    },
    find: (matches, signal) =>
      new Promise((resolve) => {
        const look = () => {
          const found = received.find(matches);
          if (found === undefined && !signal.aborted) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve(found);
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      }),
  };
}
