import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { CAUSES } from '../../classify/causes.ts';
import { durationMs, labelValue, listenAddress, sizeBytes } from '../schema-values.ts';
import { similarNames } from '../similar.ts';
import { throttleSchema } from './schema-throttle.ts';

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

/** HTTP statuses that a retry may be made after; which of their causes can heal, the catalogue says. */
export const RETRIABLE_STATUSES = [429, 500, 502, 503, 504, 529] as const;

/** What can have gone wrong; of a success nothing follows. */
const FAILURES = CAUSES.filter((cause) => cause !== 'none');

const failureCause = z.enum(FAILURES, {
  error: ({ input }) => {
    const [near] = similarNames(String(input), FAILURES);
    return `is no cause of a failure; ${near === undefined ? 'the command causes lists them' : `did you mean ${near}?`}`;
  },
});

const retriesSchema = z
  .strictObject({
    max: z.int().min(1).max(10).prefault(2).describe('Tries beyond the first.'),
    statuses: z
      .array(z.literal(RETRIABLE_STATUSES))
      .prefault([429, 503, 504, 529])
      .describe('Answers that are tried again, as far as their cause can heal; connections that fail always are.'),
    base_delay: durationMs('500ms', 1)
      .prefault('500ms')
      .describe('Wait before the first retry, doubled for each that follows, with full jitter.'),
    max_delay: durationMs('10s', 1).prefault('10s').describe('Longest wait before a retry.'),
    max_retry_after: durationMs('30s')
      .prefault('30s')
      .describe('Retry-After is waited for up to this long; beyond it the answer is passed on.'),
    deadline: durationMs('60s', 1).prefault('60s').describe('No retry begins later than this after the request came.'),
    budget: z
      .number()
      .min(0)
      .max(1)
      .prefault(0.2)
      .describe('Retries per request, over the last minute: what keeps an outage from being fed by retries.'),
    max_held_body: sizeBytes('1MiB')
      .prefault('1MiB')
      .describe('Larger request bodies are not held, and so not sent again.'),
    fallback: z
      .strictObject({
        upstream: z
          .string()
          .min(1)
          .optional()
          .describe(
            "Name of the upstream that retries go to; with its own key where it has one, and then nothing that a client proves itself with; else with the client's key.",
          ),
        model: z
          .string()
          .min(1)
          .optional()
          .describe(
            "Model to ask instead. It is written into plain JSON bodies and into the paths of Gemini and Azure OpenAI; multipart forms, compressed bodies and Bedrock's paths cannot be changed, so that such requests are tried again where they were, which the log says once.",
          ),
        causes: z
          .array(failureCause)
          .prefault([])
          .describe(
            'Causes ([causes.md](causes.md)) after which it is used; none: any that is tried again. They count with the answers that `statuses` names and with connections that fail.',
          ),
      })
      .optional()
      .describe('Where retries go instead of where the request went.'),
  })
  .describe('Retries. Absent: none.');

const MAX_WORKERS = 64;
const WORKERS_FAULT = `is neither auto nor a whole number from 1 to ${MAX_WORKERS}`;

const workersSchema = z
  .union([z.int().min(1).max(MAX_WORKERS), z.literal('auto')], { error: WORKERS_FAULT })
  .transform((workers) => (workers === 'auto' ? Math.min(MAX_WORKERS, availableParallelism()) : workers));

/** What can be said of each upstream. */
const upstreamSettings = {
  provider: labelValue.optional().describe('Value of the provider label; by default from the host of the upstream.'),
  tls: z
    .strictObject({
      ca_file: z.string().min(1).optional().describe('Authorities to trust, PEM; by default those of the system.'),
      cert_file: z.string().min(1).optional().describe('Client certificate, PEM.'),
      key_file: z.string().min(1).optional().describe('Its key, PEM.'),
    })
    .optional(),
  api_key_file: z.string().min(1).optional().describe('File with the API key that is set for clients which send none.'),
  api_key_env: z.string().min(1).optional().describe('Environment variable with that key.'),
  retries: retriesSchema.optional(),
  throttle: throttleSchema.optional(),
};

const routedUpstreamSchema = z.strictObject({
  name: labelValue.describe('For fallbacks and log lines.'),
  url: upstreamUrl.describe('Base URL of the API.'),
  match: z
    .strictObject({
      path_prefix: z
        .string()
        .regex(/^\/[^?#\s]*$/, 'must be a path that begins with / and has neither spaces nor a query')
        .optional()
        .describe('Of whole segments: /openai fits /openai and /openai/v1, not /openaix.'),
      host: z
        .string()
        .regex(/^[^\s/@]+$/, 'must be a host name such as llm.internal')
        .optional()
        .describe('Of the Host header, without port; case does not matter.'),
      header: z
        .string()
        .regex(/^[\w!#$%&'*+.^`|~-]+:\s*\S/, 'must be a header such as X-Team: search')
        .optional()
        .describe('`Name: value`; the value must be equal, case included.'),
    })
    .prefault({})
    .describe('Requests that go here; the first that fits, all of what is named must fit.'),
  strip_prefix: z.boolean().prefault(false).describe('Take match.path_prefix off the path before it is sent.'),
  ...upstreamSettings,
});

export const proxySchema = z
  .strictObject({
    listen_address: listenAddress('127.0.0.1:8503')
      .prefault('127.0.0.1:8503')
      .describe('Where clients connect. Loopback by default: whoever reaches it can use the upstream.'),
    tls: z
      .strictObject({ cert_file: z.string().min(1).describe('PEM.'), key_file: z.string().min(1).describe('PEM.') })
      .optional()
      .describe('TLS for clients. Absent: plain HTTP.'),
    upstream: upstreamUrl
      .optional()
      .describe('Base URL of the API behind the proxy; the path of a request is appended to it.'),
    provider: upstreamSettings.provider,
    upstream_tls: upstreamSettings.tls.describe('TLS to the upstream.'),
    api_key_file: upstreamSettings.api_key_file,
    api_key_env: upstreamSettings.api_key_env,
    retries: upstreamSettings.retries,
    throttle: upstreamSettings.throttle,
    upstreams: z.array(routedUpstreamSchema).max(50).prefault([]).describe('Several APIs, instead of `upstream`.'),
    timeouts: z
      .strictObject({
        connect: durationMs('60s').prefault('60s').describe('To reach the upstream, TLS included.'),
        headers: durationMs('600s')
          .prefault('600s')
          .describe(
            'From the end of the request to the first byte of the answer; a long non-streaming generation needs it all.',
          ),
        idle: durationMs('300s').prefault('300s').describe('Between two pieces of an answer.'),
        request: durationMs('60s', 1)
          .prefault('60s')
          .describe(
            'For a client to send its headers, and between two pieces of its body; beyond it the answer is 408.',
          ),
        total: durationMs('1h', 1).optional().describe('Of a whole request, retries included. Absent: none.'),
      })
      .prefault({}),
    max_request: sizeBytes('64MiB')
      .optional()
      .describe('Largest request body; absent: none. Bodies are never held whole.'),
    max_connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        'Connections of clients; a request on one more is answered 503 once no idle one is left to close. Absent: 20000, or as many as the limit of open files (`ulimit -n`) leaves room for in each process, with two for each.',
      ),
    workers: workersSchema
      .prefault(1)
      .describe(
        'Processes that share the port, for more than one core; `auto`: as many as there are cores. One set of counters, kept in a process of its own. A `throttle` holds for all together; `max_connections` is divided among them, as is what a retry budget gives for free (its ratio is of the traffic of each). `/-/ready` says 503 while none of them is there. Needs a restart.',
      ),
    cause_header: z
      .boolean()
      .prefault(false)
      .describe('Say the cause of an upstream error in the header x-llm-exporter-cause, too; own answers always do.'),
    drain_timeout: durationMs('30s')
      .prefault('30s')
      .describe('How long requests may go on after SIGTERM before they are cut.'),
  })
  .describe('The reverse proxy. Absent: no proxy.');
