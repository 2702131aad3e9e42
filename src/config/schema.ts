import { z } from 'zod';
import { alertsSchema } from './alerts.ts';
import { proxySchema } from './proxy/schema-proxy.ts';
import { lineSchema, logSchema, pushSchema, syslogSchema } from './schema-lines.ts';
import { durationMs, labelValue, listenAddress } from './schema-values.ts';

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
  push: pushSchema.optional(),
  syslog: z
    .array(syslogSchema)
    .max(20)
    .prefault([])
    .describe('Addresses on which nginx, HAProxy or others log by syslog.'),
  state: z
    .strictObject({
      dir: z
        .string()
        .min(1)
        .prefault('./data')
        .describe(
          'Folder of the counters and read positions that outlive a restart; made when it is not there. A relative path starts where the exporter is started.',
        ),
      sync: z
        .enum(['scrape', 'interval', 'off'])
        .prefault('scrape')
        .describe(
          'scrape: on disk before a scrape sees it, so that no counter ever goes back; interval: only from time to time; off: nothing is kept.',
        ),
      interval: durationMs('5s', 100).prefault('5s').describe('Longest time between two writes.'),
    })
    .prefault({}),
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
  alerts: alertsSchema,
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
export type ProxyConfig = NonNullable<Config['proxy']>;
export type LogConfig = Config['logs'][number];
export type PushConfig = NonNullable<Config['push']>;
export type SyslogConfig = Config['syslog'][number];
export type LineConfig = NonNullable<Config['stdin']>;
