import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';
import { createProxy, type ProxyOptions } from '../../src/input/proxy/proxy.ts';
import type { RouteSpec } from '../../src/input/proxy/routing/route.ts';
import type { ThrottleSettings } from '../../src/input/proxy/turn/turns.ts';
import { createLog } from '../../src/log.ts';
import { renderText } from '../../src/metrics/exposition.ts';
import { createRecorder } from '../../src/metrics/record/recorder.ts';
import { TRUE_VALUES } from '../../src/metrics/scrapers.ts';
import { createStore } from '../../src/metrics/store.ts';
import { eventually } from './eventually.ts';
import { upstreamAt } from './proxy.ts';
import { parseExposition } from './scrape.ts';
import { readBody, startUpstream } from './upstream.ts';

export const THROTTLE: ThrottleSettings = {
  max: 1,
  min: 1,
  adaptive: false,
  per: 'upstream',
  queue: 10,
  queueTimeoutMs: 10_000,
  priorities: [{ name: 'core', header: { name: 'x-priority', value: 'core' } }],
};

/** A proxy that holds requests back, with the real recorder behind it. */
export async function startThrottled(
  t: TestContext,
  url: string,
  {
    throttle = {},
    route = {},
    clock = systemClock,
    timeouts,
  }: {
    readonly throttle?: Partial<ThrottleSettings>;
    readonly route?: Partial<RouteSpec>;
    readonly clock?: Clock;
    readonly timeouts?: ProxyOptions['timeouts'];
  } = {},
) {
  const store = createStore({ clock });
  const settings = { providers: { fake: { models: ['a', 'b'], priorities: ['core', 'default'] } }, modelLimit: 10 };
  const recorder = createRecorder({ store, clock, catalogue: loadCatalogue(), settings });
  const events: RequestEvent[] = [];
  const sink: ProxyOptions['sink'] = {
    ...recorder,
    open(start) {
      const live = recorder.open(start);
      const end = live.end.bind(live);
      live.end = (event) => {
        events.push(event);
        end(event);
      };
      return live;
    },
  };
  const specOf = (changed: Partial<ThrottleSettings> | undefined) =>
    upstreamAt(url, { ...route, throttle: changed && { ...THROTTLE, ...throttle, ...changed } });
  const log = createLog({ write: () => undefined });
  const proxy = createProxy({
    ...{ upstreams: [specOf({})], sink, clock, log },
    ...(timeouts === undefined ? {} : { timeouts }),
  });
  t.after(() => proxy.close());
  const { port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const scrape = () => parseExposition([...renderText(store.cut(), TRUE_VALUES)].join(''));
  return {
    proxy,
    port,
    events,
    scrape,
    reload: (changed: Partial<ThrottleSettings> | undefined) => proxy.reconfigure({ upstreams: [specOf(changed)] }),
    /** Once so many wait. */
    queued: (count: number) => eventually(() => assert.equal(scrape().sum('llm_queue_depth'), count)),
    /** The events, once there are so many. */
    settled: (count: number) =>
      eventually(() => {
        assert.equal(events.length, count);
        assert.equal(scrape().sum('llm_requests_in_flight'), 0);
        return events;
      }),
  };
}

/** An API that works on so many requests at a time, each until it is let go, and refuses the rest as overloaded. */
export async function startSlots(t: TestContext, atFirst: number) {
  let slots = atFirst;
  const seen: { readonly name: string; readonly body: Buffer }[] = [];
  const working: { readonly name: string; readonly response: ServerResponse }[] = [];
  let refused = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const name = String(request.headers['x-name'] ?? '');
    seen.push({ name, body });
    if (working.length < slots) {
      const work = { name, response };
      working.push(work);
      response.once('close', () => {
        if (working.includes(work)) working.splice(working.indexOf(work), 1);
      });
      return;
    }
    refused += 1;
    const error = { message: 'The model is overloaded. Please try again later.', type: 'overloaded_error' };
    response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  };
  const upstream = await startUpstream(t, handle);
  return {
    ...upstream,
    seen,
    names: () => seen.map(({ name }) => name),
    working,
    refused: () => refused,
    resize(next: number) {
      slots = next;
    },
    /** Answers the oldest. */
    release: () => working.shift()?.response.end('{"choices":[]}'),
    /** Once it works on so many. */
    busy: (count: number) => eventually(() => assert.equal(working.length, count)),
  };
}
