import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat, Mark, Meaning } from '../log-format.ts';

const HEAD =
  '$time_error [$level] $pid#$tid: *$connection $message, client: $client, server: $server, request: "$request"';

/** nginx had no connection to the upstream, so it answered 502 (504 when it had waited for one). */
const UNREACHABLE: Meaning = { code: 502, origin: 'network', phase: 'connect' };
/** The answer had begun, so its status was sent: the client saw a 200 that broke off. */
const CUT_SHORT: Meaning = { code: 200, origin: 'network', phase: 'stream' };
const BROKEN: Meaning = { code: 502, origin: 'network', phase: 'headers' };

/**
 * What nginx says of a failed request, and the status that it answered it with. The words are from src/http/ngx_http_upstream.c,
 * src/http/modules/ngx_http_limit_{req,conn}_module.c and ngx_http_core_module.c of nginx 1.22 and 1.26.
 */
const PHRASES: readonly (readonly [says: RegExp, means: Meaning])[] = [
  // "dry run" limits nobody, "delaying" only slows down.
  [/, dry run(?:,| by)|^delaying requests/, { filtered: true }],
  // Says that the server of the line before is not asked for a while.
  [/^upstream server temporarily disabled/, { filtered: true }],
  [/^limiting (?:requests|connections)/, { code: 503, origin: 'edge' }],
  [/client (?:prematurely )?closed (?:keepalive )?connection/, { code: 499, origin: 'client' }],
  [/^client intended to send too large/, { code: 413, origin: 'client' }],
  [/^access forbidden by rule/, { code: 403, origin: 'edge', shape: 'html' }],
  [/^no live upstreams/, { code: 502, origin: 'edge', errorCode: 'no_healthy_upstream' }],
  [/^upstream timed out .* while (?:connecting to|SSL handshaking to) upstream/, { ...UNREACHABLE, code: 504 }],
  [/^upstream timed out .* while reading upstream/, CUT_SHORT],
  [/^upstream timed out/, { code: 504, origin: 'edge', phase: 'headers', errorCode: 'upstream_timeout' }],
  [/^connect\(\) (?:to .* )?failed|while (?:connecting to|SSL handshaking to) upstream/, UNREACHABLE],
  [/^upstream SSL certificate|host not found in upstream|could not be resolved/, UNREACHABLE],
  [/^upstream (?:prematurely closed connection|sent) .*while reading upstream/, CUT_SHORT],
  [/\(\d+: .*\) while reading upstream/, CUT_SHORT],
  [/^upstream (?:prematurely closed|sent|rejected)/, BROKEN],
  [/\(\d+: .*\) while reading response header from upstream/, BROKEN],
  [/\(\d+: .*\) while sending request to upstream/, { ...BROKEN, phase: 'request' }],
];

/**
 * nginx's error log, for where there is no access log: never read both of one traffic, as each failure would count twice. It knows only
 * failures, and one line is one server tried: a request that went well at the second server has a line, too.
 * A limit that answers with another status (limit_req_status) looks like 503 here.
 */
export const NGINX_ERROR: LogFormat = {
  title: 'nginx error log',
  layout: {
    kind: 'text',
    escape: 'none',
    templates: [`${HEAD}$rest`],
  },
  mixed: true,
  fields: fieldMap({ time: ['time_error'], path: ['request'], method: ['request'] }),
  marks: PHRASES.map(([is, means]): Mark => ({ at: 'message', is, means })),
};
