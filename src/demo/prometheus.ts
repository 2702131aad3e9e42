import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type HttpProgram, type HttpProgramOptions, startHttpProgram } from './program/http-program.ts';
import { debianProgram } from './programs.ts';

const labels = z.record(z.string(), z.string());
const point = z.tuple([z.number(), z.string()]).transform(([seconds, value]) => ({ seconds, value: Number(value) }));
const answer = <T extends z.ZodType>(data: T) => z.object({ status: z.literal('success'), data });
const instantSchema = answer(
  z.object({
    result: z.array(
      z
        .object({ metric: labels, value: point })
        .transform(({ metric, value }) => ({ labels: metric, value: value.value })),
    ),
  }),
);
const rangeSchema = answer(
  z.object({
    result: z.array(
      z.object({ metric: labels, values: z.array(point) }).transform(({ metric, values }) => ({
        labels: metric,
        points: values,
      })),
    ),
  }),
);
const alertsSchema = answer(
  z.object({
    alerts: z.array(
      z.object({ labels, annotations: labels, state: z.enum(['pending', 'firing']), activeAt: z.string() }),
    ),
  }),
);

export type Labels = Readonly<Record<string, string>>;
/** One series of an instant query. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}
/** One series of a range query. */
export interface Series {
  readonly labels: Labels;
  readonly points: readonly { readonly seconds: number; readonly value: number }[];
}
export type PrometheusAlert = Readonly<z.output<typeof alertsSchema>['data']['alerts'][number]>;

export interface Prometheus extends HttpProgram {
  /** An instant query of vectors. Throws an Error with Prometheus's own words when it is wrong. */
  query(expression: string): Promise<readonly Sample[]>;
  queryRange(
    expression: string,
    range: { readonly startSeconds: number; readonly endSeconds: number; readonly stepSeconds: number },
  ): Promise<readonly Series[]>;
  /** What is pending or firing now. */
  alerts(): Promise<readonly PrometheusAlert[]>;
}

export interface PrometheusOptions extends Pick<HttpProgramOptions, 'clock' | 'preferredPort'> {
  /** Configuration and data are written here. */
  readonly folder: string;
  /** Addresses to scrape (`127.0.0.1:9503`), by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  readonly scrapeIntervalSeconds?: number;
  /** Text of a rule file. */
  readonly rules?: string;
  /** Where alerts are sent: `http://127.0.0.1:9093`. */
  readonly alertmanagerUrl?: string;
  /** `--enable-feature`. */
  readonly features?: readonly string[];
  /** By default from PATH or Debian. */
  readonly program?: string;
}

/** Starts a real Prometheus on loopback. Throws a ProblemError when it is missing or refuses its configuration. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { folder } = options;
  const configFile = join(folder, 'prometheus.yml');
  if (options.rules !== undefined) await writeFile(join(folder, 'llm.rules.yml'), options.rules);
  await writeFile(configFile, stringify(configuration(options)));
  const program = await startHttpProgram({
    ...options,
    name: 'prometheus',
    command: options.program ?? (await debianProgram('prometheus')),
    readyPath: '/-/ready',
    listeningOutput: /Listening on/,
    args: async (port) => [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'prometheus-data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.features ?? []).map((feature) => `--enable-feature=${feature}`),
    ],
  });
  return { ...program, ...createQueries(program.url) };
}

function configuration({ scrapeIntervalSeconds = 1, targets, rules, alertmanagerUrl }: PrometheusOptions): unknown {
  const interval = `${Math.round(scrapeIntervalSeconds * 1000)}ms`;
  const alertmanagers = alertmanagerUrl === undefined ? [] : [staticTargets([new URL(alertmanagerUrl).host])];
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: rules === undefined ? [] : ['llm.rules.yml'],
    alerting: { alertmanagers },
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({ job_name: job, ...staticTargets(addresses) })),
  };
}

function staticTargets(targets: readonly string[]) {
  return { static_configs: [{ targets }] };
}

function createQueries(url: string): Pick<Prometheus, 'query' | 'queryRange' | 'alerts'> {
  const get = async (path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`prometheus: ${path}: ${text}`);
    return JSON.parse(text);
  };
  return {
    query: async (query) => instantSchema.parse(await get('query', { query })).data.result,
    queryRange: async (query, { startSeconds, endSeconds, stepSeconds }) => {
      const range = { start: String(startSeconds), end: String(endSeconds), step: String(stepSeconds) };
      return rangeSchema.parse(await get('query_range', { query, ...range })).data.result;
    },
    alerts: async () => alertsSchema.parse(await get('alerts')).data.alerts,
  };
}
