import type { Clock } from '../../../clock.ts';
import type { EventSink } from '../../../event/sink.ts';
import type { Log } from '../../../log.ts';
import type { RetryPolicy } from '../retry/policy.ts';
import type { Guard } from '../tap/guard.ts';
import type { ThrottleSettings, TurnSource, TurnsOptions } from '../turn/turns.ts';
import type { Names } from '../upstream/names.ts';
import {
  createUpstream,
  type Upstream,
  type UpstreamOptions,
  type UpstreamTarget,
  type UpstreamTimeouts,
} from '../upstream/upstream.ts';
import { type ApiKey, createApiKey, type KeySource } from './api-key.ts';
import type { RouteMatch } from './matcher.ts';

/** One API behind the proxy, as configured: plain data. */
export interface RouteSpec {
  /** No other has it. By it an upstream is known again after a reload, and fallbacks name it. */
  readonly name: string;
  readonly target: UpstreamTarget;
  /** Absent: every request. */
  readonly match?: RouteMatch | undefined;
  /** Takes the prefix that matched off the path. */
  readonly stripPrefix?: boolean | undefined;
  /** Set for clients that send no key. */
  readonly key?: KeySource | undefined;
  /** Absent: every request is tried once. */
  readonly retry?: RetryPolicy | undefined;
  /** Absent: no request waits. */
  readonly throttle?: ThrottleSettings | undefined;
}

/** One API behind the proxy: where its requests go, and what they go with. */
export interface Route extends Upstream {
  readonly name: string;
  readonly key: ApiKey | undefined;
}

export interface RouteContext {
  readonly timeouts: UpstreamTimeouts;
  readonly maxHeaderBytes: number;
  readonly names: Names;
  readonly onLack?: UpstreamOptions['onLack'];
  readonly clock: Clock;
  readonly log: Log;
  /** Hears who waits. */
  readonly sink: Pick<EventSink, 'queue'>;
  readonly guard: Guard;
  /** Absent: this process is alone. */
  readonly shared?: SharedLimits | undefined;
}

/** Limits that hold for all processes of a proxy together. */
export interface SharedLimits {
  /** Retries a minute to one upstream that this process need not earn. */
  readonly freeRetries: number;
  /** The turns of an upstream, by its name. */
  turns(upstream: string, options: TurnsOptions): TurnSource;
}

/** A route and what it was made from. */
export interface MadeRoute {
  readonly spec: RouteSpec;
  readonly route: Route;
  readonly upstream: Upstream;
}

/**
 * Makes a route. From the one that had its name before it takes over what still holds: the connections as long as they lead to the same
 * place in the same way, the key as long as it comes from the same place. Throws Node's error for a certificate, key or authority of no use.
 */
export function makeRoute(spec: RouteSpec, context: RouteContext, before?: MadeRoute): MadeRoute {
  const { name, target, key: source } = spec;
  const { provider } = target;
  const old = before?.spec;
  const upstream =
    before !== undefined && isSame({ ...before.spec.target, provider }, target)
      ? before.upstream
      : createUpstream({ target, ...context });
  const isSameKey = isSame([old?.key, old?.target.provider], [source, provider]);
  const key = isSameKey ? before?.route.key : source && createApiKey(source, { provider, ...context });
  return { spec, upstream, route: { ...upstream, name, provider, key } };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** For requests that no upstream is for: they are answered and counted, and never sent. */
export function nowhere(provider: string): Route {
  const send = (): never => {
    throw new Error('a request that goes nowhere was sent');
  };
  return { name: '', host: '', basePath: '', provider, key: undefined, send, close() {}, destroy() {} };
}
