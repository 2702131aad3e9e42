import { headerValue, headerValues } from '../../../provider/headers/parsed-headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import { AMBIGUOUS_PATH, BAD_TARGET, noRoute, type OwnAnswer } from '../own-answer.ts';
import { createRetryBudget, type RetryBudget } from '../retry/budget.ts';
import { createRetries, type Retries } from '../retry/retries.ts';
import { type TurnSource, Turns } from '../turn/turns.ts';
import { createMatcher, describeMatch, type Matcher } from './matcher.ts';
import { type MadeRoute, makeRoute, nowhere, type Route, type RouteContext, type RouteSpec } from './route.ts';
import { bareHost, mayClimb, parseTarget, resolvePath } from './target.ts';

/** Where a request goes. */
export interface Routed {
  readonly route: Route;
  /** Absent: one try. */
  readonly retries: Retries | undefined;
  /** Absent where it goes nowhere. */
  readonly turns: TurnSource | undefined;
  /** Goes behind the upstream's base path, query and all. */
  readonly path: string;
  /** Set where it goes nowhere. */
  readonly refusal: OwnAnswer | undefined;
}

/** Finds the upstream of each request. */
export interface Router {
  /** The first that matches, in the order given. */
  find(request: RoutedRequest): Routed;
  /** Of what is refused before its target is known. */
  readonly provider: string;
  /** New requests go by these routes; those under way finish on theirs. A fault changes nothing and is thrown as by `createRouter`. */
  reconfigure(specs: readonly RouteSpec[]): void;
  /** Ends every connection. */
  destroy(): void;
}

export type RoutedRequest = Pick<RequestHead, 'url' | 'headers'>;

interface Entry extends MadeRoute {
  readonly matches: Matcher;
  readonly budget: RetryBudget;
  readonly retries: Retries | undefined;
  readonly turns: TurnSource;
}

/** The label of what no upstream is known for. */
const UNKNOWN_PROVIDER = 'unknown';

/** Opens no connection. Throws Node's error for a certificate, key or authority of no use. */
export function createRouter(specs: readonly RouteSpec[], context: RouteContext): Router {
  let entries = specs.map((spec) => makeEntry(spec));

  function makeEntry(spec: RouteSpec, before?: Entry): Entry {
    const { retry: policy } = spec;
    const budget = before?.budget ?? createRetryBudget(context.clock, context.shared?.freeRetries);
    const fallbackUpstream = (): Route | undefined => named(policy?.fallback?.upstream);
    return {
      ...makeRoute(spec, context, before),
      matches: createMatcher(spec.match ?? {}),
      budget,
      retries: policy && createRetries({ ...context, name: spec.name, policy, budget, fallbackUpstream }),
      turns: before?.turns ?? makeTurns(spec),
    };
  }

  function makeTurns({ name, target: { provider }, throttle: settings }: RouteSpec): TurnSource {
    const options = { ...context, provider, settings };
    return context.shared?.turns(name, options) ?? new Turns(options);
  }

  function named(name: string | undefined): Route | undefined {
    return entries.find(({ spec }) => spec.name === name)?.route;
  }

  /** The one there is, where there is one. */
  function commonProvider(): string {
    const [first = UNKNOWN_PROVIDER, ...others] = entries.map(({ route }) => route.provider);
    return others.every((other) => other === first) ? first : UNKNOWN_PROVIDER;
  }

  function refused(refusal: OwnAnswer): Routed {
    return { route: nowhere(commonProvider()), retries: undefined, turns: undefined, path: '', refusal };
  }

  return {
    find(request) {
      const target = parseTarget(request.url);
      if (target === undefined) return refused(BAD_TARGET);
      const { path, query } = target;
      const resolved = resolvePath(path);
      if (resolved === undefined && entries.some(hasPrefix)) return refused(AMBIGUOUS_PATH);
      const subject = {
        path: resolved ?? path,
        host: entries.some(hasHost) ? bareHost(target.host ?? headerValue(request.headers, 'host') ?? '') : '',
        header: (name: string) => headerValues(request.headers, name),
      };
      for (const { matches, spec, route, retries, turns } of entries) {
        const behind = matches(subject);
        if (behind === undefined) continue;
        // Dot segments pass as they came, unless they would lead out of the base path.
        const kept = route.basePath !== '' && mayClimb(path) ? resolved : path;
        const sent = spec.stripPrefix === true ? behind : kept;
        return sent === undefined
          ? refused(AMBIGUOUS_PATH)
          : { route, retries, turns, path: sent + query, refusal: undefined };
      }
      return refused(noRoute(entries.map(({ spec }) => describeMatch(spec.match ?? {}))));
    },
    get provider() {
      return commonProvider();
    },
    reconfigure(next) {
      const before = new Map(entries.map((entry) => [entry.spec.name, entry]));
      const made = next.map((spec) => makeEntry(spec, before.get(spec.name)));
      const kept = new Set(made.map(({ upstream }) => upstream));
      entries = made;
      for (const { spec, turns } of made) turns.reconfigure(spec.throttle, spec.target.provider);
      for (const { upstream } of before.values()) if (!kept.has(upstream)) upstream.close();
    },
    destroy() {
      for (const { upstream } of entries) upstream.destroy();
    },
  };
}

function hasHost({ spec }: Entry): boolean {
  return spec.match?.host !== undefined;
}

function hasPrefix({ spec }: Entry): boolean {
  return spec.match?.pathPrefix !== undefined;
}
