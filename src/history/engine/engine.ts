import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HttpProgram, startHttpProgram } from '../../demo/program/http-program.ts';
import { debianProgram } from '../../demo/programs.ts';
import { type Labels, labelKey } from './labels.ts';
import { encodeWriteRequest, type WrittenSeries } from './remote-write.ts';

/** One series of a range query: its samples at some of the steps, in order. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
}

export interface Range {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A real Prometheus that holds the past and nothing else. */
export interface Engine {
  /** Samples of each series in order of time; all or none. Throws an EngineError, as for a second sample of the same moment. */
  write(series: readonly WrittenSeries[]): Promise<void>;
  /** Any number of steps. Throws a EngineError when Prometheus refuses the expression. */
  queryRange(expression: string, range: Range): Promise<readonly RangeSeries[]>;
  /** Metrics that were written. */
  readonly names: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Prometheus refuses an expression or samples; the message is its own. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** One block for any past: a sample may be half a block older than the newest (TSDB, head.go: appendableMinValidTime). */
const BLOCK = '200y';

/**
 * Starts a Prometheus on loopback with an empty data folder, which goes with it. A block longer than the past keeps all of it in the head:
 * there every series may be written from its own beginning, whatever the others have come to, which the results of recording rules need.
 * Blocks made by promtool were tried: they take 1.9 times as long for the same samples, and Prometheus must be started anew for each level
 * of rules.
 */
export async function startEngine(signal?: AbortSignal | undefined): Promise<Engine> {
  const command = await debianProgram('prometheus', { download: false });
  const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-backtest-'));
  const configFile = join(folder, 'prometheus.yml');
  try {
    await writeFile(configFile, '{}\n');
    const program = await startHttpProgram({
      name: 'prometheus',
      command,
      readyPath: '/-/ready',
      listeningOutput: /Listening on/,
      args: async (port) => [
        `--config.file=${configFile}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--storage.tsdb.min-block-duration=${BLOCK}`,
        `--storage.tsdb.max-block-duration=${BLOCK}`,
        `--storage.tsdb.retention.time=${BLOCK}`,
        `--query.max-samples=${MAX_QUERY_SAMPLES}`,
        '--query.timeout=10m',
      ],
    });
    return createEngine(program, folder, signal);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Some 1.6 GB if a query ever needed them all at once; one day of a thousand series is 3 million. */
const MAX_QUERY_SAMPLES = 100_000_000;
/** Prometheus answers with 11,000 at the most. */
const MAX_STEPS = 2880;
/** One is evaluated while another's answer is read. */
const QUERIES_AT_ONCE = 3;

function createEngine({ url, stop }: HttpProgram, folder: string, signal: AbortSignal | undefined): Engine {
  const post = async (path: string, body: URLSearchParams | Uint8Array<ArrayBuffer>, headers = {}) => {
    signal?.throwIfAborted();
    const init = { method: 'POST', body, headers, ...(signal && { signal }) };
    const response = await fetch(`${url}/api/v1/${path}`, init);
    return { ok: response.ok, status: response.status, text: await response.text() };
  };

  async function query(expression: string, { startMs, endMs, stepMs }: Range): Promise<readonly RangeSeries[]> {
    const body = new URLSearchParams({
      query: expression,
      start: String(startMs / 1000),
      end: String(endMs / 1000),
      step: String(stepMs / 1000),
    });
    const { ok, text } = await post('query_range', body);
    if (!ok) throw new EngineError(errorOf(text));
    return readMatrix(text);
  }

  const names = new Set<string>();
  return {
    async write(series) {
      for (const { labels } of series) names.add(labels.__name__ ?? '');
      const { ok, text } = await post('write', new Uint8Array(encodeWriteRequest(series)), WRITE_HEADERS);
      if (!ok) throw new EngineError(`samples are refused: ${text.trim()}`);
    },
    async queryRange(expression, range) {
      const slices = sliced(range);
      const results: (readonly RangeSeries[])[] = [];
      await Promise.all(
        Array.from({ length: QUERIES_AT_ONCE }, async (_, worker) => {
          for (let at = worker; at < slices.length; at += QUERIES_AT_ONCE) {
            results[at] = await query(expression, slices[at] ?? range);
          }
        }),
      );
      return joined(results);
    },
    names,
    async stop() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const WRITE_HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

function sliced({ startMs, endMs, stepMs }: Range): readonly Range[] {
  const slices: Range[] = [];
  for (let fromMs = startMs; fromMs <= endMs; fromMs += MAX_STEPS * stepMs) {
    slices.push({ startMs: fromMs, endMs: Math.min(endMs, fromMs + (MAX_STEPS - 1) * stepMs), stepMs });
  }
  return slices;
}

interface Matrix {
  readonly data: {
    readonly result: readonly {
      readonly metric: Labels;
      readonly values: readonly (readonly [seconds: number, value: string])[];
    }[];
  };
}

function readMatrix(text: string): readonly RangeSeries[] {
  // Safe: Prometheus' own answer to query_range, which is a matrix for every expression it takes; checking millions of pairs is not free.
  const { data } = JSON.parse(text) as Matrix;
  return data.result.map(({ metric, values }) => ({
    labels: metric,
    timesMs: values.map(([seconds]) => Math.round(seconds * 1000)),
    values: values.map(([, value]) => readValue(value)),
  }));
}

/** Go's spelling of infinities is not JavaScript's. */
function readValue(text: string): number {
  return text.endsWith('Inf')
    ? text.startsWith('-')
      ? Number.NEGATIVE_INFINITY
      : Number.POSITIVE_INFINITY
    : Number(text);
}

/** The slices of one series, put together again. */
function joined(results: readonly (readonly RangeSeries[])[]): readonly RangeSeries[] {
  const all = new Map<string, { labels: Labels; timesMs: number[]; values: number[] }>();
  for (const { labels, timesMs, values } of results.flat()) {
    const key = labelKey(labels);
    const series = all.get(key);
    if (series === undefined) all.set(key, { labels, timesMs: [...timesMs], values: [...values] });
    else {
      for (const timeMs of timesMs) series.timesMs.push(timeMs);
      for (const value of values) series.values.push(value);
    }
  }
  return [...all.values()];
}

function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text);
    return String(error);
  } catch {
    // No answer of the API: what it says is all there is to tell.
    return text.trim();
  }
}
