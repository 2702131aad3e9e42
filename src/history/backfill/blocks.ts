import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FamilyName } from '../../metrics/families.ts';
import { ProblemError } from '../../problem.ts';
import { type Chunk, type ChunkSink, createSeriesReader, isOfTraffic } from '../replay/chunk.ts';
import { END_OF_FILE, familyHeader, sampleLines, type TargetLabels } from './open-metrics.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
/** promtool prints a line for each block, and what it does not like. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface BlocksOptions {
  readonly intervalMs: number;
  readonly labels: TargetLabels;
  /** A Prometheus' data folder, or one to move into it. */
  readonly folder: string;
  readonly promtool: string;
}

/** TSDB blocks, written while the logs are replayed. */
export interface Blocks extends ChunkSink {
  /** Answers with the number of samples. */
  finish(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Has promtool make a block of each two hours. It reads its file once for each block that comes of it, so it is given each block's samples
 * in a file of their own; it works on one chunk while the next is being read.
 */
export async function createBlocks({ intervalMs, labels, folder, promtool }: BlocksOptions): Promise<Blocks> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'llm-exporter-backfill-'));
  const read = createSeriesReader(isOfTraffic);
  let files = 0;
  let samples = 0;
  let running: Promise<void> = Promise.resolve();

  async function write(path: string, chunk: Chunk): Promise<number> {
    const file = await open(path, 'w');
    let count = 0;
    let family: FamilyName | undefined;
    try {
      for (const part of read(chunk)) {
        const header = part.family === family ? '' : familyHeader(part.family);
        family = part.family;
        const startMs = chunk.startMs + part.first * intervalMs;
        await file.write(header + sampleLines(part, { target: labels, startMs, intervalMs }));
        count += part.series.length * (part.values[0]?.length ?? 0);
      }
      await file.write(END_OF_FILE);
    } finally {
      await file.close();
    }
    return count;
  }

  async function make(path: string): Promise<void> {
    const args = ['tsdb', 'create-blocks-from', 'openmetrics', path, folder];
    try {
      await run(promtool, args, { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
    } catch (cause) {
      const why = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
      throw new ProblemError([{ code: 'history.promtool', message: `promtool makes no block of it: ${why}` }], {
        cause,
      });
    }
    await rm(path, { force: true });
  }

  return {
    async chunk(chunk) {
      files += 1;
      const path = join(scratch, `${files}.om`);
      const count = await write(path, chunk);
      await running;
      samples += count;
      running = count === 0 ? Promise.resolve() : make(path);
      // Its failure is for the next chunk, or for `finish`: until then it must not be taken for one that nobody sees.
      running.catch(() => {});
    },
    async finish() {
      await running;
      return samples;
    },
    async close() {
      await running.catch(() => {});
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
