import type { UpstreamConfig } from '../../../config/providers.ts';
import type { Priority } from './priority.ts';
import type { ThrottleSettings } from './turns.ts';

/** How an upstream's `throttle` has its requests held back; undefined where it has none. */
export function throttleSettingsOf({ throttle }: Pick<UpstreamConfig, 'throttle'>): ThrottleSettings | undefined {
  if (throttle === undefined) return undefined;
  return {
    max: throttle.max_in_flight,
    min: throttle.min_in_flight,
    adaptive: throttle.adaptive,
    per: throttle.per,
    queue: throttle.queue,
    queueTimeoutMs: throttle.queue_timeout,
    priorities: throttle.priorities.map(priorityOf),
  };
}

type PriorityConfig = NonNullable<UpstreamConfig['throttle']>['priorities'][number];

function priorityOf({ name, header, path, key_file: keyFile }: PriorityConfig): Priority {
  return { name, pathPrefix: path, keyFile, header: header === undefined ? undefined : headerOf(header) };
}

/** The configuration has been checked: there is a colon. */
function headerOf(text: string): Priority['header'] {
  const colon = text.indexOf(':');
  return { name: text.slice(0, colon), value: text.slice(colon + 1).trim() };
}
