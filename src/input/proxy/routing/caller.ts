import type { ClientRequest } from '../client/client-request.ts';
import { headersForClient, headersForUpstream } from '../headers.ts';
import type { CallRequest } from '../upstream/call.ts';
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
 * for one API is a secret before another.
 */
export function createCaller(
  request: CalledRequest,
  { home, isKeyed }: { readonly home: Route; readonly isKeyed: boolean },
): Caller {
  const { method, headers, framing } = request;
  let hasOwnKey = false;
  return {
    callTo(route, { path, body }) {
      const target = route.basePath + path;
      const isHome = route === home;
      const key = isKeyed && isHome ? undefined : route.key?.headersFor(target);
      hasOwnKey = key !== undefined && key.length > 0;
      return {
        method,
        target,
        body,
        headers: headersForUpstream(headers, route.host, key),
        isChunked: framing.kind === 'chunked',
        trailers: () => headersForClient(request.trailers),
      };
    },
    hasOwnKey: () => hasOwnKey,
  };
}

type CalledRequest = Pick<ClientRequest, 'method' | 'headers' | 'framing' | 'trailers'>;
