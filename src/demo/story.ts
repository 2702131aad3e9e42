import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { faultOf } from '../simulate/faults.ts';
import { pause } from '../simulate/pause.ts';
import type { Inbox } from './inbox.ts';
import type { Stack } from './stack.ts';
import { DEMO_MODELS } from './traffic.ts';
import type { Notification, NotifiedAlert } from './webhook.ts';

const [VICTIM] = DEMO_MODELS;
const INCIDENT = { ...faultOf('surge_protection'), model: VICTIM, rate: 0.6 };

/** Fills a window of the rules with good answers. */
const HEALTHY_MS = 15_000;
/** How long the incident goes on once the page is there. */
const AFTER_PAGE_MS = 5_000;
/** How long each part takes where there are no alerts to wait for. */
const UNSEEN_MS = 5_000;
/** For the last requests of the incident to be answered. */
const SETTLE_MS = 2_000;

export interface StoryOptions {
  readonly stack: Stack;
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** Ends the story early. */
  readonly signal: AbortSignal;
  /** Tells the spectator one line. */
  readonly say: (text: string) => void;
}

/** How far the story went. */
export interface Outcome {
  readonly fired: boolean;
  readonly resolved: boolean;
}

/** Healthy traffic, an incident, its page, its end, the resolved notification. */
export async function tellStory({ stack, inbox, clock, signal, say }: StoryOptions): Promise<Outcome> {
  const alerts = stack.prometheusUrl !== undefined;
  say('healthy: every model answers');
  await pause(clock, alerts ? HEALTHY_MS : UNSEEN_MS, signal);
  if (signal.aborted) return { fired: false, resolved: false };

  stack.simulator.setFaults([INCIDENT]);
  say(`incident: ${INCIDENT.rate * 100} % of the answers of ${VICTIM} become 503 (${INCIDENT.cause})`);
  const page = alerts
    ? await inbox.find((notification) => firingAlerts(notification).length > 0, signal)
    : await pause(clock, UNSEEN_MS, signal);
  await pause(clock, AFTER_PAGE_MS, signal);
  stack.simulator.setFaults([]);
  say(`healed: ${VICTIM} answers again${alerts ? '; the alert ends when its window has passed' : ''}`);
  const seen = page ? firingAlerts(page) : [];
  // A milder alert may end earlier; the story ends with those that it has shown.
  const ends = seen.map((alert) => inbox.find((notification) => resolves(notification, alert), signal));
  const resolved = (await Promise.all(ends)).every((end) => end !== undefined);
  if (!alerts) await pause(clock, SETTLE_MS, signal);
  return { fired: page !== undefined, resolved: page !== undefined && resolved };
}

function firingAlerts({ alerts }: Notification): readonly NotifiedAlert[] {
  return alerts.filter(({ status, labels }) => status === 'firing' && labels.model === VICTIM && labels.code === '503');
}

/** Whether it tells the end of this very alert, which its labels name; an earlier one of that name is another. */
function resolves({ alerts }: Notification, fired: NotifiedAlert): boolean {
  return alerts.some(
    ({ status, labels, startsAt }) =>
      status === 'resolved' &&
      Date.parse(startsAt) >= Date.parse(fired.startsAt) &&
      isDeepStrictEqual(labels, fired.labels),
  );
}
