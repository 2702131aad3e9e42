import { CLIENT_CLOSED_REQUEST, type Origin } from '../../../event/request-event.ts';

/** What a gateway's flags tell of an answer beside its status. */
export interface FlagsMeaning {
  readonly code: number;
  readonly origin?: Origin | undefined;
}

/** HAProxy's state begins with who ended the session and when: C aborted, c was too slow (https://docs.haproxy.org/3.0/configuration.html#8.5). */
const HAPROXY_CLIENT = /^[Cc][RQCHDLT](?:..)?$/;
/** HAProxy answers a client that is too slow with its request: it got an answer, and did not leave. */
const REQUEST_TIMEOUT = 408;

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags */
const ENVOY_CLIENT: ReadonlySet<string> = new Set(['DC', 'DR']);
const ENVOY_OWN: ReadonlySet<string> = new Set(['UAEX', 'RL']);

/** What Envoy would have answered, where it wrote that no answer was sent. The first flag counts, as it does for Envoy. */
const ENVOY_CODES: Readonly<Record<string, number>> = {
  ...{ UT: 504, SI: 504, DT: 504, UMSDR: 504, UPE: 502 },
  ...{ UF: 503, UH: 503, UC: 503, UR: 503, LR: 503, LH: 503, UO: 503, URX: 503, OM: 503, DF: 503, DO: 503, NC: 503 },
  ...{ NR: 404, RL: 429, UAEX: 403, RLSE: 500, IH: 400, DPE: 400 },
};

/**
 * Reads the flags of Envoy (`UF,URX`) and the termination state of HAProxy (`CD--`). A client that left before its answer was complete is
 * 499 whatever status the line has: the status went out, or would have, but nobody saw the whole answer.
 */
export function meaningOfFlags(flags: string | undefined, code: number): FlagsMeaning {
  if (flags === undefined || flags === '-') return { code };
  const list = flags.split(',');
  const isHaproxyClient = HAPROXY_CLIENT.test(flags) && code !== REQUEST_TIMEOUT;
  if (isHaproxyClient || list.some((flag) => ENVOY_CLIENT.has(flag))) return { code: CLIENT_CLOSED_REQUEST };
  const answered = code === CLIENT_CLOSED_REQUEST ? (firstCode(list) ?? code) : code;
  return list.some((flag) => ENVOY_OWN.has(flag)) && answered >= 400
    ? { code: answered, origin: 'edge' }
    : { code: answered };
}

function firstCode(flags: readonly string[]): number | undefined {
  for (const flag of flags) if (ENVOY_CODES[flag] !== undefined) return ENVOY_CODES[flag];
  return undefined;
}
