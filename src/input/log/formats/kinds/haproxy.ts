import { fieldMap } from '../../fields/field-map.ts';
import type { LogFormat } from '../log-format.ts';

/** What syslog puts before the line is a part of `$client`, which nobody looks at: up to the date, all of it may be there or not. */
const BEGINNING =
  '$client [$accept_date] $frontend $backend/$server $tr_request/$tw/$tc/$tr/$ta $status $bytes_read $request_cookie ' +
  '$response_cookie $termination_state $actconn/$feconn/$beconn/$srv_conn/$retries $srv_queue/$backend_queue ';

/**
 * Braces stand there when headers are captured, `|` between several. `fields: {model: captured_request.0}` names the first of the
 * request's; by default none is taken for the model, as it might be anything. A line longer than 1024 bytes is cut unless the `log`
 * directive says otherwise, so the last quote may be missing.
 */
const ENDS = [
  '{$captured_request} {$captured_response} "$request"',
  '{$captured_request} "$request"',
  '"$request"',
  '"$request',
];

/** `option httplog`: https://docs.haproxy.org/3.0/configuration.html#8.2.3 */
export const HAPROXY: LogFormat = {
  title: 'HAProxy httplog',
  layout: {
    kind: 'text',
    escape: 'none',
    templates: ENDS.map((end) => BEGINNING + end),
    // On the state of servers, and on starting and stopping.
    others: [/^[^[]*(?:\[\d+\]: )?(?:Server|Proxy|Backend|Health check|backend|\[(?:NOTICE|WARNING|ALERT)\]) ?/],
    lists: { captured_request: '|', captured_response: '|' },
  },
  fields: fieldMap({
    time: ['accept_date'],
    code: ['status'],
    duration: ['ta'],
    path: ['request'],
    method: ['request'],
    flags: ['termination_state'],
  }),
  durationUnit: 'ms',
  timeIsStart: true,
  // No answer was sent: the client had left, which the termination state says, too.
  codes: { '-1': 499 },
  marks: [
    // Waited in vain for its turn, or was refused: there were servers, but none was asked.
    { at: 'termination_state', is: /^(?:sQ|P|R)/, means: { origin: 'edge' } },
    {
      // Its state is SC, as if a server had refused: but there was none to ask.
      at: 'server',
      is: '<NOSRV>',
      beside: [503],
      means: { origin: 'edge', errorCode: 'no_healthy_upstream', dropFlags: true },
    },
    { at: 'server', is: '<NOSRV>', beside: [400, 403, 404, 408, 413, 429, 500, 502, 504], means: { origin: 'edge' } },
  ],
};
