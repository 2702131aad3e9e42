import type { Clock } from '../clock.ts';
import { createLog } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { untilAborted } from '../simulate/pause.ts';
import { createInbox } from './inbox.ts';
import { formatNotification } from './notifications.ts';
import { debianProgram } from './programs.ts';
import { type Programs, type Stack, startStack, TIME_SCALE } from './stack.ts';
import { type Outcome, tellStory } from './story.ts';
import { requestTable } from './summary.ts';
import { DEMO_REQUESTS_PER_SECOND, startTraffic } from './traffic.ts';

export interface DemoOptions {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  readonly colour: boolean;
  /** Ends the demo early. */
  readonly signal: AbortSignal;
  /** Whether Prometheus and Alertmanager may be downloaded. */
  readonly download: boolean;
  /** The story ends after this time at the latest. */
  readonly limitMs: number;
  /** Whether everything keeps running after the story, until `signal`. */
  readonly keep: boolean;
}

/**
 * The whole chain on this machine, with an incident. Throws a ProblemError when it could have alerted and did not.
 * Without Prometheus or Alertmanager it runs without alerts and says what is missing.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { clock, env, print, colour } = options;
  const programs = await findPrograms(options);
  const startMs = clock.elapsedMs();
  const say = (text: string) =>
    print(`[${String(Math.round((clock.elapsedMs() - startMs) / 1000)).padStart(3)} s] ${text}\n`);
  const inbox = createInbox((notification) => {
    say('notification');
    print(formatNotification(notification, { colour }));
  });
  const log = createLog({ level: 'warn' });
  const stack = await startStack({ clock, log, env, programs, onNotification: inbox.deliver });
  const traffic = startTraffic({ url: stack.proxyUrl, clock });
  let outcome: Outcome;
  try {
    print(introduction(stack));
    const limit = deadline(options);
    outcome = await tellStory({ stack, inbox, clock, say, signal: limit.signal });
    limit.cancel();
    print(`\nRequests by model, code and cause, as the exporter counted them:\n${await requestTable(stack.webUrl)}`);
    if (options.keep && !options.signal.aborted) {
      print('\nEverything keeps running; Ctrl-C ends it.\n');
      await untilAborted(options.signal);
    }
  } finally {
    await traffic.stop();
    await stack.close();
  }
  if (programs !== undefined) requireComplete(outcome);
}

async function findPrograms({ print, download }: DemoOptions): Promise<Programs | undefined> {
  const onDownload = () => print('Fetching a program from Debian, this once …\n');
  try {
    return {
      prometheus: await debianProgram('prometheus', { download, onDownload }),
      alertmanager: await debianProgram('alertmanager', { download, onDownload }),
    };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    print(`No alerts in this demo: ${error.message}\n\n`);
    return undefined;
  }
}

function introduction(stack: Stack): string {
  const addresses: readonly (readonly [string, string | undefined])[] = [
    ['status page', stack.webUrl],
    ['metrics', `${stack.webUrl}/metrics`],
    ['proxy', `${stack.proxyUrl}/v1`],
    ['simulated API', `${stack.simulatorUrl}/v1`],
    ['Prometheus', stack.prometheusUrl],
    ['Alertmanager', stack.alertmanagerUrl],
  ];
  const lines = addresses.flatMap(([name, url]) => (url === undefined ? [] : [`  ${name.padEnd(15)}${url}\n`]));
  const time = `Time runs ${TIME_SCALE} times faster than in alerts/: a window of 5 minutes takes ${300 / TIME_SCALE} seconds.\n`;
  return [
    'Open:\n',
    ...lines,
    `\nTraffic: ${DEMO_REQUESTS_PER_SECOND} requests a second through the proxy, half of them streamed.\n`,
    stack.prometheusUrl === undefined ? '\n' : `${time}\n`,
  ].join('');
}

/** Aborts when the user wants to stop, or when the story has taken too long. */
function deadline({ clock, limitMs, signal }: DemoOptions): { readonly signal: AbortSignal; cancel(): void } {
  const late = new AbortController();
  const cancel = clock.after(limitMs, () => late.abort());
  return { signal: AbortSignal.any([signal, late.signal]), cancel };
}

function requireComplete({ fired, resolved }: Outcome): void {
  if (fired && resolved) return;
  const message = `the demo ended before its ${fired ? 'resolved' : 'firing'} notification arrived`;
  throw new ProblemError([{ code: 'demo.incomplete', message }]);
}
