import type { ClientRequest } from '../client/client-request.ts';
import { headersForUpstream, trailersForUpstream } from '../headers.ts';
import type { CallRequest } from '../upstream/call.ts';
import { type Carried, withoutKeys } from './credentials.ts';
import type { Route } from './route.ts';

/** What a call takes from a request beside its head. */
export interface CallParts {
  /** Goes behind the base path. */
  readonly path: string;
  readonly body: CallRequest['body'];
}

/** Writes one client's request for the upstreams that it is sent to. */
export interface Caller {
  callTo(route: Route, parts: CallParts): CallRequest;
  /** Whether the last call carried a key of ours. */
  hasOwnKey(): boolean;
}

/**
 * Our key goes out where the client sent none; and where the request falls back from `home` to an upstream that has a key of its own, as a key
 * for one API is a secret before another. There nothing goes out that a client can prove itself with: neither its key, wherever that stands,
 * nor what belongs to one. At home what it sends beside our key, such as the project that is billed, is for that API. An upstream without a
 * key is one that clients have a key for.
 */
export function createCaller(
  request: CalledRequest,
  { home, isKeyed }: { readonly home: Route; readonly isKeyed: boolean },
): Caller {
  const { method, headers, framing } = request;
  let hasOwnKey = false;
  return {
    callTo(route, { path, body }) {
      const isHome = route === home;
      const key = (isKeyed && isHome ? undefined : route.key?.headersFor(route.basePath + path)) ?? NO_KEY;
      hasOwnKey = key.length > 0;
      const carried = isHome ? atHome(hasOwnKey) : elsewhere(route);
      const ofClient = headersForUpstream(headers, route.host, carried);
      return {
        method,
        target: route.basePath + (carried === 'none' ? withoutKeys(path) : path),
        body,
        headers: hasOwnKey ? [...ofClient, ...key] : ofClient,
        isChunked: framing.kind === 'chunked',
        trailers: () => trailersForUpstream(request.trailers, carried),
      };
    },
    hasOwnKey: () => hasOwnKey,
  };
}

const NO_KEY: readonly string[] = [];

function atHome(hasOwnKey: boolean): Carried {
  return hasOwnKey ? 'beside_key' : 'all';
}

/** A key that cannot be read just now is no reason to send another one. */
function elsewhere({ key }: Route): Carried {
  return key === undefined ? 'key' : 'none';
}

type CalledRequest = Pick<ClientRequest, 'method' | 'headers' | 'framing' | 'trailers'>;
