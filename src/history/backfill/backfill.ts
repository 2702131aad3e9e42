import { open } from 'node:fs/promises';
import { debianProgram } from '../../demo/programs.ts';
import { ProblemError } from '../../problem.ts';
import { openPast, type PastOptions, requireEvents } from '../past.ts';
import type { Total } from '../read/tally.ts';
import { type Replayed, replay } from '../replay/replay.ts';
import { createBlocks } from './blocks.ts';
import { createOneFile } from './one-file.ts';
import type { TargetLabels } from './open-metrics.ts';

/** Where the samples go. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly write: (text: string) => unknown }
  | { readonly kind: 'blocks'; readonly folder: string };

export interface BackfillOptions extends PastOptions {
  readonly target: Target;
  readonly intervalMs: number;
  readonly labels: TargetLabels;
}

export interface Backfilled extends Replayed {
  readonly total: Total;
  readonly samples: number;
}

/** Writes what the exporter would have exposed had it read these logs when they were written. Throws a ProblemError. */
export async function backfill(options: BackfillOptions): Promise<Backfilled> {
  const past = await openPast(options);
  const writer = await openWriter(options);
  const { catalogue, settings, config } = past;
  try {
    const replayed = await replay(past.events(), {
      ...{ catalogue, settings, sink: writer.sink, intervalMs: options.intervalMs },
      seriesLimit: config.limits.series,
    });
    const total = past.total();
    requireEvents(total);
    return { ...replayed, total, samples: await writer.finish() };
  } finally {
    await writer.close();
  }
}

async function openWriter({ target, intervalMs, labels }: BackfillOptions) {
  switch (target.kind) {
    case 'blocks': {
      const promtool = await debianProgram('promtool', { download: false });
      const blocks = await createBlocks({ intervalMs, labels, folder: target.folder, promtool });
      return { sink: blocks, finish: blocks.finish, close: blocks.close };
    }
    case 'text': {
      const text = await createOneFile({ intervalMs, labels, write: async (piece) => void target.write(piece) });
      return { sink: text, finish: text.finish, close: text.close };
    }
    case 'file':
      return openFileWriter(target.path, { intervalMs, labels });
    default:
      return target satisfies never;
  }
}

async function openFileWriter(path: string, options: Pick<BackfillOptions, 'intervalMs' | 'labels'>) {
  const file = await open(path, 'w').catch((cause: unknown) => {
    const message = `cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ProblemError([{ code: 'history.output', file: path, message }], { cause });
  });
  const text = await createOneFile({
    ...options,
    write: async (piece) => {
      await file.write(piece);
    },
  });
  return {
    sink: text,
    finish: text.finish,
    close: async () => {
      await text.close();
      await file.close();
    },
  };
}
