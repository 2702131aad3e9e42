import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { newStateDir, startExporter } from '../exporter.ts';
import { startSimulator } from '../simulator.ts';
import { stablePort } from '../stable-port.ts';
import { tempDir } from '../temp-dir.ts';
import { ask, startCallers } from './calls.ts';
import { startGateway, startLogReader } from './gateway.ts';
import { KILLED, MODEL_INCIDENTS, OVERLOAD, QUIET_CLIENTS, STALLED, type Story, UNREACHABLE } from './stories.ts';

/** Exporters of one job, and what happens to them. */
export interface Stage {
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

const MODEL = 'deepseek/deepseek-v3';
/** A process of its own may take long to start on a busy machine. */
const STARTS_WITHIN_MS = 120_000;

/** One gateway whose models go wrong each in a way of its own. */
export async function startModels(t: TestContext): Promise<Stage> {
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

/** All models of a gateway at once. */
export async function startOverload(t: TestContext): Promise<Stage> {
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
export async function startUnreachable(t: TestContext): Promise<Stage> {
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

/** Clients that do what nobody needs to be told of. */
export async function startQuiet(t: TestContext): Promise<Stage> {
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
export async function startKilled(t: TestContext): Promise<Stage> {
  const simulator = await startSimulator(t);
  const [proxy, web] = (await Promise.all([stablePort(), stablePort()])).map((port) => `127.0.0.1:${port}`);
  const addresses = [`--proxy.listen-address=${proxy}`, `--web.listen-address=${web}`];
  const args = [`--upstream=${simulator.url}`, '--provider=novita', ...addresses];
  const options = { stateDir: newStateDir(), startsWithinMs: STARTS_WITHIN_MS };
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
export async function startRestarts(t: TestContext, story: Story, count: number): Promise<Stage> {
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
export async function startStalled(t: TestContext): Promise<Stage> {
  let writing = true;
  let written = Promise.resolve();
  const file = join(await tempDir(t), 'access.log');
  const write = () => {
    written = written.then(() => appendFile(file, requestLine()));
    return written;
  };
  await write();
  const target = await startLogReader(t, file);
  const timer = setInterval(() => writing && void write(), 100);
  t.after(() => {
    clearInterval(timer);
    return written;
  });
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
