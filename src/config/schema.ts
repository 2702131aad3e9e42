import { z } from 'zod';
import { parseDuration, parseListenAddress, parseSize } from './units.ts';

/** A string field that is read into something else; `read` answers with text when the value is wrong. */
function text<T>(read: (value: string) => T | string, what: string, example: string) {
  return z
    .string({ error: `is not a ${what} such as ${example}` })
    .meta({ examples: [example] })
    .transform((value, context) => {
      const result = read(value);
      if (typeof result !== 'string') return result;
      context.issues.push({ code: 'custom', message: result, input: value });
      return z.NEVER;
    });
}

/** Node's timers hold 2^31 - 1 ms, 24.8 days; beyond it they fire at once. */
const MAX_DURATION_MS = 24 * 86_400_000;
/** The shortest line worth reading: `{"status":200}` with a path and a model is longer. */
const MIN_LINE_BYTES = 1024;

const durationMs = (example: string, minMs = 0) =>
  text(
    (value) => {
      const ms = parseDuration(value) ?? Number.NaN;
      if (ms > MAX_DURATION_MS) return 'is above 24d';
      if (ms < minMs) return `is below ${minMs}ms`;
      return Number.isNaN(ms) ? `is not a duration such as ${example}` : ms;
    },
    'duration',
    example,
  );
const lineBytes = (example: string) =>
  text(
    (value) => {
      const bytes = parseSize(value) ?? Number.NaN;
      return bytes < MIN_LINE_BYTES ? 'is below 1KiB' : bytes || `is not a size such as ${example}`;
    },
    'size',
    example,
  );
const listenAddress = (example: string) => text(parseListenAddress, 'listen address', example);

const upstreamUrl = z
  .string()
  .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), {
    error: 'is not an http:// or https:// URL such as https://api.novita.ai',
    abort: true,
  })
  .refine((value) => new URL(value).username === '' && new URL(value).password === '', {
    error: 'must not carry a user or password: clients send their own key',
    abort: true,
  })
  .refine((value) => new URL(value).search === '' && new URL(value).hash === '', {
    error: 'must end with its path: a query or fragment cannot be a base',
  });

/** Label values in the configuration: what Prometheus shows well and nobody needs to escape. */
const labelValue = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable characters without spaces');

const proxySchema = z
  .strictObject({
    listen_address: listenAddress('127.0.0.1:8503')
      .prefault('127.0.0.1:8503')
      .describe('Where clients connect. Loopback by default: whoever reaches it can use the upstream.'),
    upstream: upstreamUrl.describe('Base URL of the API behind the proxy; the path of a request is appended to it.'),
    provider: labelValue.optional().describe('Value of the provider label; by default from the host of the upstream.'),
    timeouts: z
      .strictObject({
        connect: durationMs('10s').prefault('10s').describe('To reach the upstream, TLS included.'),
        headers: durationMs('600s')
          .prefault('600s')
          .describe(
            'From the end of the request to the first byte of the answer; a long non-streaming generation needs it all.',
          ),
        idle: durationMs('300s').prefault('300s').describe('Between two pieces of an answer.'),
      })
      .prefault({}),
    drain_timeout: durationMs('30s')
      .prefault('30s')
      .describe('How long requests may go on after SIGTERM before they are cut.'),
  })
  .describe('The reverse proxy. Absent: no proxy.');

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

const lineSchema = {
  provider: labelValue.prefault('default').describe('Value of the provider label for the requests of this log.'),
  format: z.enum(['auto', 'nginx-json', 'json']).prefault('auto').describe('How the lines are written.'),
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
  max_line: lineBytes('1MiB').prefault('1MiB').describe('Longer lines are rejected as too_long.'),
};

const logSchema = z.strictObject({
  file: z.string().min(1).describe('Path of the log, followed across rotation.'),
  source: labelValue.optional().describe('Value of the source label; by default the path.'),
  start_at: z
    .enum(['end', 'beginning'])
    .prefault('end')
    .describe('Where to start in a file that exists when the exporter starts.'),
  ...lineSchema,
});

const providerSchema = z.strictObject({
  gateway_timeout: durationMs('60s', 1)
    .optional()
    .describe('After which the gateway of this provider gives up on a non-streaming answer.'),
  models: z
    .array(labelValue)
    .max(1000)
    .prefault([])
    .describe('Models to expose from the start, at 0; others appear once the API has shown that it knows them.'),
});

/** The whole configuration. Keys are as users write them; durations come out in milliseconds, sizes in bytes. */
export const configSchema = z.strictObject({
  proxy: proxySchema.optional(),
  logs: z.array(logSchema).max(100).prefault([]).describe('Request logs to follow.'),
  stdin: z
    .strictObject(lineSchema)
    .optional()
    .describe('Read request lines from standard input.')
    .meta({ sameAs: 'logs[]' }),
  providers: z.record(labelValue, providerSchema).prefault({}).describe('What is known of a provider, by its label.'),
  web: z
    .strictObject({
      listen_address: listenAddress(':9503')
        .prefault(':9503')
        .describe('Where /metrics and the status page are served.'),
      enable_lifecycle: z.boolean().prefault(false).describe('Allow POST /-/reload.'),
    })
    .prefault({}),
  classify: z
    .strictObject({
      rules_file: z
        .string()
        .min(1)
        .optional()
        .describe('YAML file with rules of your own ([rules.md](rules.md)); a relative path starts at this file.'),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      birth: z
        .enum(['zero', 'immediate'])
        .prefault('zero')
        .describe('zero: Prometheus sees a new series at 0 once, so that rate() sees its first increment.'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      models: z
        .int()
        .min(1)
        .max(10_000)
        .prefault(200)
        .describe('Model names a provider may have; more become "other".'),
      series: z.int().min(100).max(1_000_000).prefault(20_000).describe('Series a metric family may have.'),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type LogConfig = Config['logs'][number];
export type LineConfig = NonNullable<Config['stdin']>;
