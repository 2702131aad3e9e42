import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FamilyName, families } from '../../metrics/families.ts';
import { type CellPart, type ChunkSink, createSeriesReader, isOfTraffic, type Series } from '../replay/chunk.ts';
import { END_OF_FILE, familyHeader, sampleLines, type TargetLabels } from './open-metrics.ts';

export interface OneFileOptions {
  readonly intervalMs: number;
  readonly labels: TargetLabels;
  /** Takes the text, piece by piece, in order. */
  readonly write: (text: string) => Promise<void>;
}

/** A piece of one counter or histogram in the scratch file. */
interface Spilled {
  readonly startMs: number;
  /** Samples of each of its series. */
  readonly count: number;
  readonly offset: number;
  /** Of what each series takes. */
  readonly lengths: readonly number[];
}

interface Spool {
  readonly series: readonly Series[];
  readonly pieces: Spilled[];
}

/** OpenMetrics in one file, written when all was replayed. */
export interface OneFile extends ChunkSink {
  /** Writes all of it; answers with the number of samples. */
  finish(): Promise<number>;
  close(): Promise<void>;
}

/**
 * OpenMetrics wants all samples of a series together, and they come chunk by chunk. So the pieces wait in a scratch file, in which only the
 * changes of a value are written, and the memory this takes is that of one chunk and a few numbers for each piece.
 */
export async function createOneFile({ intervalMs, labels, write }: OneFileOptions): Promise<OneFile> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-exporter-backfill-'));
  const scratch = await open(join(folder, 'samples'), 'w+');
  const read = createSeriesReader(isOfTraffic);
  const byFamily = new Map<FamilyName, Map<string, Spool>>();
  let end = 0;

  function spoolOf({ key, family: name, series }: CellPart): Spool {
    const family = byFamily.get(name) ?? new Map<string, Spool>();
    byFamily.set(name, family);
    const spool = family.get(key) ?? { series, pieces: [] };
    family.set(key, spool);
    return spool;
  }

  return {
    async chunk(chunk) {
      const pieces: Buffer[] = [];
      const start = end;
      for (const part of read(chunk)) {
        const encoded = part.values.map(encodeChanges);
        const lengths = encoded.map(({ length }) => length);
        const startMs = chunk.startMs + part.first * intervalMs;
        spoolOf(part).pieces.push({ startMs, count: part.values[0]?.length ?? 0, offset: end, lengths });
        pieces.push(...encoded);
        end += lengths.reduce((sum, length) => sum + length, 0);
      }
      if (pieces.length > 0) await scratch.write(Buffer.concat(pieces), 0, end - start, start);
    },
    async finish() {
      let samples = 0;
      // Safe: the keys of the table are its names.
      for (const family of Object.keys(families) as FamilyName[]) {
        const spools = byFamily.get(family);
        if (spools === undefined) continue;
        await write(familyHeader(family));
        for (const { series, pieces } of spools.values()) {
          for (const piece of pieces) {
            const values = await readBack(scratch, piece);
            samples += piece.count * series.length;
            await write(sampleLines({ series, values }, { target: labels, startMs: piece.startMs, intervalMs }));
          }
        }
      }
      await write(END_OF_FILE);
      return samples;
    },
    async close() {
      await scratch.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Bytes of one change: the place of its first sample and the value. */
const CHANGE_BYTES = 12;

function encodeChanges(values: Float64Array): Buffer {
  const changes: [at: number, value: number][] = [];
  for (const [at, value] of values.entries()) if (value !== changes.at(-1)?.[1]) changes.push([at, value]);
  const piece = Buffer.allocUnsafe(changes.length * CHANGE_BYTES);
  for (const [index, [at, value]] of changes.entries()) {
    piece.writeUInt32LE(at, index * CHANGE_BYTES);
    piece.writeDoubleLE(value, index * CHANGE_BYTES + 4);
  }
  return piece;
}

async function readBack(scratch: FileHandle, { offset, lengths, count }: Spilled): Promise<Float64Array[]> {
  const length = lengths.reduce((sum, own) => sum + own, 0);
  const { buffer } = await scratch.read(Buffer.allocUnsafe(length), 0, length, offset);
  let start = 0;
  return lengths.map((own) => {
    start += own;
    return decodeChanges(buffer.subarray(start - own, start), count);
  });
}

function decodeChanges(piece: Buffer, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let at = 0; at < piece.length; at += CHANGE_BYTES) {
    const next = at + CHANGE_BYTES;
    values.fill(
      piece.readDoubleLE(at + 4),
      piece.readUInt32LE(at),
      next < piece.length ? piece.readUInt32LE(next) : count,
    );
  }
  return values;
}
