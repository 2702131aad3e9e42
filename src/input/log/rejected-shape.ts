/** Longest shape that is told. */
export const MAX_SHAPE_LENGTH = 160;
/** Looked at of a line; enough for a whole shape, as hardly anything gets longer on its way there. */
const MAX_LOOK_BYTES = 640;

/**
 * Names that logs give their fields, and the only words of a line that are ever told, and only where they name a field. It is a closed
 * list because a name can be a secret, too: `{"sk-live-51H…": true}`.
 */
const KNOWN_NAMES: ReadonlySet<string> = new Set(
  `time timestamp @timestamp ts date datetime time_local time_iso8601 msec start_time end_time startTime endTime created_at
  level severity lvl msg message logger log stream event name type kind version pid hostname host service app
  status status_code statusCode code response_code http_status duration duration_ms latency latency_ms elapsed responseTime
  request_time upstream_response_time upstream_status upstream_connect_time upstream_header_time response_flags
  response_code_details method request_method path uri url request request_uri req res response route protocol
  model model_name model_group provider request_id req_id x-request-id id trace_id span_id
  remote_addr remote_user client_ip body_bytes_sent bytes bytes_sent bytes_received http_referer http_user_agent user_agent
  error err error_code error_type error_message error_information usage prompt_tokens completion_tokens total_tokens
  input_tokens output_tokens ttft ttft_ms attributes resourceSpans scopeSpans spans kubernetes`.split(/\s+/),
);

/** One piece of a line: the name of a field, a word, white space, or anything that is no structure of a log line. */
const PIECE =
  /(?<![\w\x80-\xff.@-])([A-Za-z_@][\w.@-]*)(?=["']? ?[:=])|[A-Za-z0-9\x80-\xff]+|\s+|[^\w\x80-\xff\s"'{}[\]:,=|/.-]+/g;

/**
 * Three words or more with nothing but a little punctuation between: prose, of which not even the length is told. The x of `x-request-id`
 * is no word of it.
 */
const PROSE = /(?<![\w@-])[ax](?:[,.:?'-]{0,2} [ax](?![\w@-])){2,}/g;

/**
 * What a line looked like, and nothing of what it said: `{"time":"0-0-0x:0:0","status":"a"}`. Words become `a`, numbers `0`, a mixture
 * of both `x`; brackets, quotes and separators stay, as they are what tells formats apart; all else becomes `?`.
 */
export function rejectedShape(bytes: Buffer, start: number, end: number): string {
  const lookEnd = Math.min(end, start + MAX_LOOK_BYTES);
  // Each byte of a character beyond ASCII is a letter here, so a word in any script is one word.
  const shape = bytes.toString('latin1', start, lookEnd).replace(PIECE, shapeOf).replace(PROSE, 'a…');
  if (shape.length <= MAX_SHAPE_LENGTH && lookEnd === end) return shape;
  return `${shape.slice(0, MAX_SHAPE_LENGTH - 1)}…`;
}

function shapeOf(piece: string, name: string | undefined): string {
  if (name !== undefined && KNOWN_NAMES.has(name)) return name;
  if (/^\s/.test(piece)) return ' ';
  // A name that is not known is taken apart as any other text.
  return piece.replace(/[A-Za-z0-9\x80-\xff]+/g, wordShape).replace(/[^a0x_.-]+/g, '?');
}

function wordShape(word: string): string {
  if (/^\d+$/.test(word)) return '0';
  return /\d/.test(word) ? 'x' : 'a';
}
