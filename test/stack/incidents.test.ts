import assert from 'node:assert/strict';
import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Notification } from '../../src/demo/webhook.ts';
import { eventually } from '../support/eventually.ts';
import { newStateDir, startExporter } from '../support/exporter.ts';
import { ask, startCallers } from '../support/incidents/calls.ts';
import { type Chain, startChain } from '../support/incidents/chain.ts';
import { stablePort, startGateway, startLogReader } from '../support/incidents/gateway.ts';
import {
  DEPLOY,
  KILLED,
  MODEL_INCIDENTS,
  OVERLOAD,
  QUIET_CLIENTS,
  RESTART,
  STALLED,
  type Story,
  UNREACHABLE,
} from '../support/incidents/stories.ts';
import { startSimulator } from '../support/simulator.ts';
import { tempDir } from '../support/temp-dir.ts';

/** For each of the three acts, the longest of which takes a minute, or two on a busy machine. */
const DEADLINE_MS = 240_000;
const LOOK_EVERY_MS = 250;
const MODEL = 'deepseek/deepseek-v3';

/** Exporters of one job, and what happens to them. */
interface Stage {
  readonly stories: readonly Story[];
  readonly targets: readonly string[];
  /** Requests of each story that Prometheus must have seen before the incident. */
  readonly history: number;
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

/** Spares the machine: that all is well again, few requests tell as well. */
const AFTERWARDS = 0.3;

const nothing = async () => {};

/**
 * Every incident and every quiet day at once: simulated API, exporter, Prometheus, Alertmanager, receiver, with the shipped rules and
 * configuration many times as fast. First all is well; then everything happens, until the last page is sent and the last alert fires
 * that must stay silent; then all is well again, until nothing fires any more.
 */
test('ten incidents are a page each, quiet days are none', async (t) => {
  // A process of its own takes longest to start where many do at once: it goes first.
  const killed = await startKilled(t);
  const others = [startModels, startOverload, startUnreachable, startStalled, startQuiet].map((start) => start(t));
  const restarts = [startRestarts(t, RESTART, 1), startRestarts(t, DEPLOY, 2)];
  const stages = [killed, ...(await Promise.all([...others, ...restarts]))];
  const stories = stages.flatMap((stage) => stage.stories);
  const begun = performance.now();
  const say = (what: string) => t.diagnostic(`${what} after ${Math.round((performance.now() - begun) / 1000)} s`);
  const chain = await startChain(
    t,
    Object.fromEntries(stages.map(({ stories: [story], targets }) => [story?.job ?? '', targets])),
  );
  await soon(stages, ({ stories: own, history }) => sees(chain, own, history));
  say('all is well');

  await Promise.all(stages.map(({ begin }) => begin()));
  await soon(stories, (story) => isTold(chain, story));
  say('everybody is told');

  await Promise.all(stages.map(({ end }) => end()));
  await soon(stories, (story) => isOver(chain, story));
  say('nothing fires');

  for (const story of stories) await t.test(story.title, () => assertSent(chain, story));
  await t.test('nothing else is sent', () => {
    const others = chain.notifications.filter((one) => !stories.some((story) => isAbout(story, one.commonLabels)));
    assert.deepEqual(others.map(headline), []);
  });
});

/** Waits until it is so for all of them; says of each that is late what is missing. */
function soon<T>(all: readonly T[], check: (one: T) => Promise<void>): Promise<void> {
  const look = async () => {
    const results = await Promise.allSettled(all.map(check));
    const late = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : []));
    assert.equal(late.length, 0, late.join('\n'));
  };
  return eventually(look, DEADLINE_MS, LOOK_EVERY_MS);
}

async function sees(chain: Chain, stories: readonly Story[], history: number): Promise<void> {
  for (const { job, model } of stories) {
    const seen = await chain.requestsSeen({ job, ...(model !== undefined && { model }) });
    assert.ok(seen >= history, `${job} ${model ?? ''}: ${seen} requests of ${history}`);
  }
}

function isAbout({ job, model }: Story, labels: Readonly<Record<string, string>>): boolean {
  return labels.job === job && (model === undefined || labels.model === model);
}

function headline({ commonLabels: { severity, alertname, job, model } }: Notification): string {
  return [severity, alertname, job, model].join(' ');
}

/** What has been sent about a story, by severity and alert. */
function sentAbout(chain: Chain, story: Story): Readonly<Record<string, readonly Notification[]>> {
  const own = chain.notifications.filter(({ commonLabels }) => isAbout(story, commonLabels));
  return Object.fromEntries(
    Map.groupBy(own, ({ commonLabels: { severity, alertname } }) => `${severity} ${alertname}`),
  );
}

async function isTold(chain: Chain, story: Story): Promise<void> {
  const sent = Object.keys(sentAbout(chain, story));
  assert.deepEqual(sent, story.sent, `${story.title}: sent ${sent}`);
  const firing = (await chain.firing()).filter((labels) => isAbout(story, labels));
  for (const name of story.muted ?? [])
    assert.ok(
      firing.some(({ alertname }) => alertname === name),
      `${story.title}: ${name} does not fire`,
    );
}

async function isOver(chain: Chain, story: Story): Promise<void> {
  const groups = Object.entries(sentAbout(chain, story));
  for (const [group, sent] of groups) assert.equal(sent.at(-1)?.status, 'resolved', `${story.title}: ${group}`);
  const firing = (await chain.firing()).filter((labels) => isAbout(story, labels));
  assert.deepEqual(firing, [], `${story.title}: still firing`);
}

/** These and no others, each once as firing and once as resolved, with all that a person needs. */
function assertSent(chain: Chain, story: Story): void {
  const groups = sentAbout(chain, story);
  assert.deepEqual(Object.keys(groups), story.sent);
  for (const [group, notifications] of Object.entries(groups)) {
    assert.deepEqual(
      notifications.map(({ status, alerts }) => [status, alerts.length]),
      [
        ['firing', 1],
        ['resolved', 1],
      ],
      group,
    );
    const [alert] = notifications[0]?.alerts ?? [];
    const { summary, description, runbook_url: runbook, cause } = alert?.annotations ?? {};
    assert.ok(summary && description && runbook?.endsWith(`/${alert?.labels.alertname}.md`), group);
    if (alert?.labels.component === 'llm-api') assert.ok(cause && cause !== 'unknown', `${group}: ${cause}`);
  }
}

async function startModels(t: TestContext): Promise<Stage> {
  const gateway = await startGateway(
    t,
    MODEL_INCIDENTS.map(({ model }) => model),
  );
  const callers = startCallers(
    t,
    gateway.proxyUrl,
    MODEL_INCIDENTS.map(({ model, caller }) => ({ ...caller, model })),
  );
  return {
    stories: MODEL_INCIDENTS,
    targets: [gateway.target],
    history: 20,
    begin: async () => gateway.setFaults(MODEL_INCIDENTS.flatMap(({ faults }) => faults)),
    end: async () => {
      gateway.setFaults([]);
      callers.setPace(AFTERWARDS);
    },
  };
}

async function startOverload(t: TestContext): Promise<Stage> {
  const gateway = await startGateway(t, OVERLOAD.models);
  const callers = startCallers(
    t,
    gateway.proxyUrl,
    OVERLOAD.models.map((model) => ({ model, perSecond: 4 })),
  );
  return {
    stories: [OVERLOAD],
    targets: [gateway.target],
    history: 60,
    begin: async () => gateway.setFaults(OVERLOAD.faults),
    end: async () => {
      gateway.setFaults([]);
      callers.setPace(AFTERWARDS);
    },
  };
}

/** Asked four times as often before: the history without which an alert over an hour would see nothing but the outage. */
async function startUnreachable(t: TestContext): Promise<Stage> {
  const gateway = await startGateway(t, [MODEL]);
  const callers = startCallers(t, gateway.proxyUrl, [{ model: MODEL, perSecond: 4 }]);
  callers.setPace(4);
  return {
    stories: [UNREACHABLE],
    targets: [gateway.target],
    history: 150,
    begin: async () => {
      callers.setPace(1);
      await gateway.unreach();
    },
    end: () => {
      callers.setPace(AFTERWARDS);
      return gateway.reach();
    },
  };
}

async function startQuiet(t: TestContext): Promise<Stage> {
  const callers = QUIET_CLIENTS.flatMap((client) => client.callers);
  const gateway = await startGateway(t, [...new Set(callers.map(({ model }) => model))]);
  startCallers(t, gateway.proxyUrl, callers);
  return {
    stories: QUIET_CLIENTS,
    targets: [gateway.target],
    history: 25,
    begin: () => ask(gateway.proxyUrl, { model: 'healthy', cause: 'model_overloaded' }),
    end: nothing,
  };
}

/** The only exporter of its job, a process of its own: killed, and started anew when somebody has been told. */
async function startKilled(t: TestContext): Promise<Stage> {
  const simulator = await startSimulator(t);
  const [proxy, web] = (await Promise.all([stablePort(), stablePort()])).map((port) => `127.0.0.1:${port}`);
  const addresses = [`--proxy.listen-address=${proxy}`, `--web.listen-address=${web}`];
  const args = [`--upstream=${simulator.url}`, '--provider=novita', ...addresses];
  const options = { stateDir: newStateDir(), startsWithinMs: DEADLINE_MS };
  const exporter = await startExporter(t, args, options);
  startCallers(t, exporter.proxyUrl, [{ model: MODEL, perSecond: 3 }]);
  return {
    stories: [KILLED],
    targets: [new URL(exporter.webUrl).host],
    history: 10,
    begin: async () => exporter.child.kill('SIGKILL'),
    end: () => startExporter(t, args, options),
  };
}

/** Exporters of a job, each stopped and started anew, one after the other. */
async function startRestarts(t: TestContext, story: Story, count: number): Promise<Stage> {
  const gateways = await Promise.all(Array.from({ length: count }, () => startGateway(t, [MODEL])));
  for (const { proxyUrl } of gateways) startCallers(t, proxyUrl, [{ model: MODEL, perSecond: 2 }]);
  return {
    stories: [story],
    targets: gateways.map(({ target }) => target),
    history: 10,
    begin: async () => {
      for (const { restart } of gateways) await restart();
    },
    end: nothing,
  };
}

/** A log that is taken away, as by a rotation that nobody completes. */
async function startStalled(t: TestContext): Promise<Stage> {
  let writing = true;
  let written = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  // Before tempDir's, which runs after it: nobody writes into a folder that is going.
  t.after(() => {
    clearInterval(timer);
    return written;
  });
  const file = join(await tempDir(t), 'access.log');
  const write = () => {
    written = written.then(() => appendFile(file, requestLine()));
    return written;
  };
  await write();
  const target = await startLogReader(t, file);
  timer = setInterval(() => writing && void write(), 100);
  return {
    stories: [STALLED],
    targets: [target],
    history: 10,
    begin: async () => {
      writing = false;
      await written;
      await rename(file, `${file}.away`);
    },
    end: async () => {
      await write();
      writing = true;
    },
  };
}

/** As `deploy/nginx/llm-log.conf` writes it. */
function requestLine(): string {
  const line = {
    time: new Date().toISOString().replace('Z', '+00:00'),
    method: 'POST',
    uri: '/v1/chat/completions',
    status: 200,
    request_time: 0.25,
    upstream_status: '200',
    upstream_connect_time: '0.002',
    upstream_header_time: '0.125',
    model: MODEL,
    stream: 'false',
  };
  return `${JSON.stringify(line)}\n`;
}
