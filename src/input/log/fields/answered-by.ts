import { CLIENT_CLOSED_REQUEST, type Origin, type Phase } from '../../../event/request-event.ts';
import type { FieldReader } from './field-reader.ts';
import type { JsonObject } from './json-object.ts';
import { codeFrom, isBlank, listFrom } from './values.ts';

/** What nginx answers, Bad Gateway and Gateway Timeout, when it gets nothing from any upstream. */
const GATEWAY_ERRORS: ReadonlySet<number> = new Set([502, 504]);

/** Who made an answer, as far as a gateway's own log tells. */
export interface AnsweredBy {
  readonly origin?: Origin | undefined;
  readonly phase?: Phase | undefined;
  readonly upstreamCode?: number | undefined;
}

/**
 * Reads nginx's account of its upstream. Its variables are lists, one part for each server tried: the last one is who answered.
 * No upstream status beside an error means that nginx made the answer itself. The status alone does not settle it: when
 * nginx gives up on a server it writes the 502 or 504 that it made itself into $upstream_status
 * (ngx_http_upstream_next in src/http/ngx_http_upstream.c), and only $upstream_header_time, where it is logged,
 * shows by its `-` that the server never answered. A `-` in $upstream_connect_time goes further: nginx sets that time when it begins to
 * send the request, after TCP and TLS and at 0 on a kept connection, so there never was a connection.
 */
export function answeredBy(fields: FieldReader, record: JsonObject, code: number): AnsweredBy {
  if (code === CLIENT_CLOSED_REQUEST) return { origin: 'client' };
  const status = lastPart(fields.raw(record, 'upstream_code'));
  if (status === undefined) return {};
  if (GATEWAY_ERRORS.has(code) && status !== '-' && lastPart(fields.raw(record, 'upstream_connect_time')) === '-') {
    return { origin: 'network', phase: 'connect' };
  }
  const gaveNoHeader = lastPart(fields.raw(record, 'upstream_header_time')) === '-';
  if (status === '-' || gaveNoHeader) return code >= 400 ? { origin: 'edge' } : {};
  const upstreamCode = codeFrom(status);
  return upstreamCode === code ? {} : { upstreamCode };
}

/** Undefined when the field is not logged at all, `-` when it is there and says that there was nothing (Traefik says 0). */
function lastPart(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (isBlank(value) || value === 0 || value === '0') return '-';
  return listFrom(value).at(-1) ?? '-';
}
