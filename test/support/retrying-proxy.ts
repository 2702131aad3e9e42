import type { TestContext } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';
import type { EventSink, ProxySink, RetryDecision } from '../../src/event/sink.ts';
import { createProxy, type ProxyTimeouts } from '../../src/input/proxy/proxy.ts';
import type { RetryPolicy } from '../../src/input/proxy/retry/policy.ts';
import type { RouteSpec } from '../../src/input/proxy/routing/route.ts';
import { createLog } from '../../src/log.ts';
import { createRecorder } from '../../src/metrics/record/recorder.ts';
import { createStore, type Store } from '../../src/metrics/store.ts';
import { eventually } from './eventually.ts';
import { upstreamAt } from './proxy.ts';

/** Retries at once, for what is not about waiting. */
export const AT_ONCE: RetryPolicy = {
  maxRetries: 2,
  statuses: new Set([429, 503, 504, 529]),
  baseDelayMs: 1,
  maxDelayMs: 1,
  maxRetryAfterMs: 30_000,
  deadlineMs: 60_000,
  budgetRatio: 1,
  maxHeldBodyBytes: 1024 * 1024,
};

/** What the real recorder was told, beside what it counted. */
export interface Counted {
  readonly store: Store;
  /** In order; the final one of each request has `final`. */
  readonly events: readonly RequestEvent[];
  readonly decisions: readonly (readonly [cause: string, decision: RetryDecision])[];
  /** Requests that were opened and not ended. */
  live(): number;
  /** Sum of a counter, over the series whose labels have these values. */
  sum(name: 'llm_requests_total' | 'llm_attempts_total' | 'llm_retries_total', labels?: Record<string, string>): number;
  /** The final events, once there are `count` of them and no request is live. */
  settled(count: number): Promise<readonly RequestEvent[]>;
}

export function createCounted(clock: Clock): { readonly sink: EventSink & ProxySink; readonly counted: Counted } {
  const store = createStore({ clock });
  const recorder = createRecorder({
    store,
    clock,
    catalogue: loadCatalogue(),
    settings: { providers: {}, modelLimit: 10 },
  });
  const events: RequestEvent[] = [];
  const decisions: (readonly [string, RetryDecision])[] = [];
  let live = 0;
  const open: EventSink['open'] = (start) => {
    const request = recorder.open(start);
    live += 1;
    return {
      get model() {
        return request.model;
      },
      set model(name) {
        request.model = name;
      },
      judge: (event) => request.judge(event),
      attempt(event) {
        events.push(event);
        request.attempt(event);
      },
      retry(verdict, decision) {
        decisions.push([verdict.cause, decision]);
        request.retry(verdict, decision);
      },
      end(event) {
        events.push(event);
        live -= 1;
        request.end(event);
      },
    };
  };
  const counted: Counted = {
    store,
    events,
    decisions,
    live: () => live,
    sum(name, wanted = {}) {
      const all = Object.entries(wanted);
      const fitting = store.samples(name).filter(({ labels }) => {
        const known = new Map<string, string | undefined>(Object.entries(labels));
        return all.every(([label, value]) => known.get(label) === value);
      });
      return fitting.reduce((sum, { value }) => sum + value, 0);
    },
    settled: (count) =>
      eventually(() => {
        const finals = events.filter(({ final }) => final);
        if (finals.length !== count || live !== 0) throw new Error(`${finals.length} final events, ${live} live`);
        return finals;
      }),
  };
  return { sink: { ...recorder, open }, counted };
}

export interface RetryingProxy extends Counted {
  readonly proxy: ReturnType<typeof createProxy>;
  readonly port: number;
  readonly logLines: readonly string[];
}

/** Starts a proxy that retries by this policy, in front of `url` and of the real recorder. */
export async function startRetrying(
  t: TestContext,
  url: string,
  policy: Partial<RetryPolicy> = {},
  { clock = systemClock, ...others }: { readonly clock?: Clock; readonly timeouts?: ProxyTimeouts } = {},
): Promise<RetryingProxy> {
  const { sink, counted } = createCounted(clock);
  const logLines: string[] = [];
  const log = createLog({ write: (line) => logLines.push(line) });
  const upstreams = [upstreamAt(url, { retry: { ...AT_ONCE, ...policy } })];
  const proxy = createProxy({ upstreams, sink, clock, log, ...others });
  t.after(() => proxy.close());
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return { ...counted, proxy, port, logLines };
}

/** A proxy in front of an upstream whose policy may fall back to another one, by the name of `b`. */
export async function startFallingBack(
  t: TestContext,
  urls: { readonly first: string; readonly other: string },
  policy: Partial<RetryPolicy>,
): Promise<Counted & { readonly port: number; readonly logLines: readonly string[] }> {
  const clock = systemClock;
  const { sink, counted } = createCounted(clock);
  const logLines: string[] = [];
  const upstreams: RouteSpec[] = [
    { name: 'a', target: { url: urls.first, provider: 'first' }, retry: { ...AT_ONCE, ...policy } },
    { name: 'b', target: { url: urls.other, provider: 'other' } },
  ];
  const proxy = createProxy({ upstreams, sink, clock, log: createLog({ write: (line) => logLines.push(line) }) });
  t.after(() => proxy.close());
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return { ...counted, port, logLines };
}
