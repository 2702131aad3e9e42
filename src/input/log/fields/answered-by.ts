import { CLIENT_CLOSED_REQUEST, type Origin } from '../../../event/request-event.ts';
import type { FieldReader } from './field-reader.ts';
import type { JsonObject } from './json-object.ts';
import { codeFrom, isBlank, listFrom } from './values.ts';

/** Who made an answer, as far as a gateway's own log tells. */
export interface AnsweredBy {
  readonly origin?: Origin | undefined;
  readonly upstreamCode?: number | undefined;
}

/**
 * Reads nginx's account of its upstream. Its variables are lists, one part for each server tried: the last one is who answered.
 * No upstream status beside an error means that nginx made the answer itself. The status alone does not settle it: when
 * nginx gives up on a server it writes the 502 or 504 that it made itself into $upstream_status
 * (ngx_http_upstream_next in src/http/ngx_http_upstream.c), and only $upstream_header_time, where it is logged,
 * shows by its `-` that the server never answered.
 */
export function answeredBy(fields: FieldReader, record: JsonObject, code: number): AnsweredBy {
  if (code === CLIENT_CLOSED_REQUEST) return { origin: 'client' };
  const status = lastPart(fields.raw(record, 'upstream_code'));
  if (status === undefined) return {};
  const gaveNoHeader = lastPart(fields.raw(record, 'upstream_header_time')) === '-';
  if (status === '-' || gaveNoHeader) return code >= 400 ? { origin: 'edge' } : {};
  const upstreamCode = codeFrom(status);
  return upstreamCode === code ? {} : { upstreamCode };
}

/** Undefined when the field is not logged at all, `-` when it is there and says that there was nothing. */
function lastPart(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return isBlank(value) ? '-' : (listFrom(value).at(-1) ?? '-');
}
