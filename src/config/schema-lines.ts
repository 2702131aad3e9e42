import { z } from 'zod';
import { readNginxLogFormat } from './log-format/nginx-log-format.ts';
import { labelValue, listenSocket, sizeBytes } from './schema-values.ts';

/** How the lines of a log are written. `auto` finds out. */
export const LINE_FORMATS = [
  'auto',
  'combined',
  'nginx',
  'nginx-json',
  'nginx-error',
  'ingress-nginx',
  'envoy',
  'istio',
  'envoy-json',
  'haproxy',
  'caddy',
  'traefik',
  'alb',
  'kong',
  'litellm',
  'uvicorn',
  'otlp',
  'pino',
  'structlog',
  'json',
] as const;
export type LineFormat = (typeof LINE_FORMATS)[number];

/** What stands around each line. */
export const LINE_WRAPPERS = ['auto', 'none', 'docker', 'cri'] as const;
export type LineWrapper = (typeof LINE_WRAPPERS)[number];

const fieldPath = z.string().min(1);
const fieldsSchema = z
  .strictObject({
    time: fieldPath.optional(),
    code: fieldPath.optional(),
    duration: fieldPath.optional(),
    model: fieldPath.optional(),
    stream: fieldPath.optional(),
    path: fieldPath.optional(),
    method: fieldPath.optional(),
    error_code: fieldPath.optional(),
    error_type: fieldPath.optional(),
    error_message: fieldPath.optional(),
    request_id: fieldPath.optional(),
    input_tokens: fieldPath.optional(),
    output_tokens: fieldPath.optional(),
    first_token: fieldPath.optional(),
    flags: fieldPath.optional(),
    details: fieldPath.optional(),
    upstream_code: fieldPath.optional(),
    upstream_connect_time: fieldPath.optional(),
    upstream_header_time: fieldPath.optional(),
  })
  .describe(
    'Where to find what, as dotted paths (response.status); what is not named is looked for under its usual names.',
  );

export const lineSchema = {
  provider: labelValue.prefault('default').describe('Value of the provider label for the requests of this log.'),
  format: z
    .enum(LINE_FORMATS)
    .prefault('auto')
    .describe('How the lines are written; auto finds out, `detect FILE` tells which one it is.'),
  log_format: z
    .string()
    .min(1)
    .check(({ value, issues }) => {
      const read = readNginxLogFormat(value);
      if (typeof read === 'string') issues.push({ code: 'custom', message: read, input: value });
    })
    .optional()
    .describe('The `log_format` string of nginx, as it stands in its configuration; with `format: nginx`.'),
  wrapper: z
    .enum(LINE_WRAPPERS)
    .prefault('auto')
    .describe('What a container runtime put around each line: Docker json-file or Kubernetes CRI.'),
  fields: fieldsSchema.prefault({}),
  duration_unit: z.enum(['s', 'ms', 'us', 'ns']).optional().describe('Unit of durations; by default from the format.'),
  time_format: z
    .enum(['auto', 'iso', 'epoch_s', 'epoch_ms', 'clf'])
    .prefault('auto')
    .describe('How times are written.'),
  include: z
    .enum(['llm', 'all'])
    .prefault('llm')
    .describe('llm: lines whose path is no LLM operation are filtered; all: every line is a request.'),
  exclude_paths: z
    .array(z.string().startsWith('/', 'must begin with /'))
    .max(100)
    .prefault([])
    .describe('Paths that are no LLM requests, whatever they look like; a * stands for anything (/v1/models*).'),
  max_line: sizeBytes('1MiB').prefault('1MiB').describe('Longer lines are rejected as too_long.'),
};

export const logSchema = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'Path of the log, followed across rotation; `*`, `?`, `[a-z]`, `{a,b}` and `**` follow all files that match.',
    ),
  source: labelValue.optional().describe('Value of the source label; by default `file` as it is written here.'),
  start_at: z
    .enum(['end', 'beginning'])
    .prefault('end')
    .describe(
      'Where to start in a file that exists when it is followed for the first time; later runs go on where they were.',
    ),
  ...lineSchema,
});

/** `POST /v1/logs` on the web address. */
export const pushSchema = z
  .strictObject({
    token_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File that holds the token which senders show as `Authorization: Bearer TOKEN`; a relative path starts at this file.',
      ),
    allow_anonymous: z
      .boolean()
      .prefault(false)
      .describe('Take pushes from whoever reaches the web address; otherwise token_file is needed.'),
    max_body: sizeBytes('8MiB')
      .prefault('8MiB')
      .describe('Largest body, after decompression; larger ones are refused with 413.'),
    max_lines_per_second: z
      .int()
      .min(1)
      .prefault(20_000)
      .describe('Lines taken in on average; beyond it senders are told to wait, with 429.'),
    ...lineSchema,
  })
  .describe('Request logs that others send: POST /v1/logs. Absent: refused.');

export const syslogSchema = z.strictObject({
  listen: listenSocket('udp://127.0.0.1:5514').describe(
    'Where senders reach it: udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH (a stream; nginx and HAProxy send datagrams: use udp).',
  ),
  source: labelValue.optional().describe('Value of the source label; by default the address.'),
  ...lineSchema,
});
