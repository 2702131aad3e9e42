import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { type ConfiguredExporter, startConfigured } from './configured-exporter.ts';
import { eventually } from './eventually.ts';
import { send } from './proxy.ts';
import type { Scrape } from './scrape.ts';
import { tempDir } from './temp-dir.ts';
import { chatFrame, DONE_FRAME, openStream, readBody, startUpstream } from './upstream.ts';

/** An exporter whose proxy has several processes. */
export interface SeveralWorkers extends ConfiguredExporter {
  readonly port: number;
  readonly folder: string;
  /** Process ids of those that listened and have not died. */
  pids(): readonly number[];
  /** Runs `task` while `pid` is the only worker that can take a connection: the kernel has stopped all others. */
  onWorker<T>(pid: number, task: () => Promise<T>): Promise<T>;
  /** Kills one and resolves when the exporter has noticed. */
  kill(pid: number): Promise<void>;
  inFlight(count: number): Promise<void>;
  /** What is exposed once so many requests are counted and none is in flight. */
  settled(count: number): Promise<Scrape>;
}

export const CHAT = JSON.stringify({ model: 'm', messages: [] });

/** Starts `serve` with two workers, unless `proxy` says otherwise, and waits until all of them listen. */
export async function startWorkers(
  t: TestContext,
  proxy: object,
  { args = [] }: { readonly args?: readonly string[] } = {},
): Promise<SeveralWorkers> {
  const folder = await tempDir(t);
  const exporter = await startConfigured(t, folder, { proxy: { provider: 'p', workers: 2, ...proxy } }, args);
  const matches = (pattern: RegExp): number[] => [...exporter.stderr().matchAll(pattern)].map(([, pid]) => Number(pid));
  const pids = (): number[] => {
    const died = new Set(matches(/msg="a worker of the proxy died.*? worker=(\d+)/g));
    return matches(/msg="a worker of the proxy listens" worker=(\d+)/g).filter((pid) => !died.has(pid));
  };
  // What a failed test leaves behind: one that is stopped would never notice that the exporter is gone.
  t.after(() => {
    for (const pid of pids()) signal(pid, 'SIGKILL');
  });
  return {
    ...exporter,
    ...{ folder, pids, port: Number(new URL(exporter.proxyUrl).port) },
    async onWorker(pid, task) {
      const others = pids().filter((other) => other !== pid);
      for (const other of others) signal(other, 'SIGSTOP');
      try {
        return await task();
      } finally {
        for (const other of others) signal(other, 'SIGCONT');
      }
    },
    async kill(pid) {
      signal(pid, 'SIGKILL');
      await eventually(() => assert.ok(!pids().includes(pid)));
    },
    inFlight: (count) =>
      eventually(async () => assert.equal((await exporter.scrape()).sum('llm_requests_in_flight'), count)),
    settled: (count) =>
      eventually(async () => {
        const now = await exporter.scrape();
        assert.deepEqual([now.sum('llm_requests_total'), now.sum('llm_requests_in_flight')], [count, 0]);
        return now;
      }),
  };
}

/** Both workers of an exporter that has two. */
export function pair({ pids }: SeveralWorkers): readonly [number, number] {
  const [first, second, ...others] = pids();
  assert.ok(first !== undefined && second !== undefined && others.length === 0, 'there are not two workers');
  return [first, second];
}

/** Whether a process runs; one that has ended and was not waited for does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** Options of a request whose answer is a stream that is held. */
export const HELD = { path: '/v1/chat/completions', headers: { 'x-hold': 'yes' } };

/** An API that answers at once, but for streams to be held: these wait, behind their first token, until the test ends them. */
export async function startHeldApi(t: TestContext) {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream(t, (request, response) => {
    if (request.headers['x-hold'] === undefined) {
      request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"choices":[]}'));
      return;
    }
    readBody(request).then(
      () => {
        openStream(response).write(chatFrame('a'));
        streams.push(response);
      },
      // The client has left; so has its worker, perhaps.
      () => response.destroy(),
    );
  });
  return {
    ...upstream,
    streams,
    /** Ends all that are open. */
    release() {
      for (const stream of streams.splice(0)) stream.end(DONE_FRAME);
    },
  };
}

/** Streams that have begun, each on a connection of its own. */
export async function openStreams(port: number, count: number): Promise<readonly IncomingMessage[]> {
  return Promise.all(Array.from({ length: count }, () => send(port, CHAT, HELD)));
}

/** How many bodies come to their end, and how many are cut. */
export async function outcomes(answers: readonly IncomingMessage[]): Promise<{ whole: number; cut: number }> {
  const ends = await Promise.allSettled(
    answers.map(async (answer) => {
      for await (const _ of answer);
    }),
  );
  const whole = ends.filter(({ status }) => status === 'fulfilled').length;
  return { whole, cut: ends.length - whole };
}
