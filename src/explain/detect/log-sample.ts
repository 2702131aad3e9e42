import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ProblemError } from '../../problem.ts';
import { lines } from '../lines.ts';

/** A few lines of a log, enough to tell how it is written. */
export interface LogSample {
  /** From the beginning, then some from the end of a long log. Without line endings; never empty lines. */
  readonly lines: readonly Buffer[];
  /** Nothing was left out. */
  readonly isWhole: boolean;
}

const HEAD_LINES = 1_000;
const HEAD_BYTES = 4 * 1024 * 1024;
const TAIL_LINES = 250;
const TAIL_BYTES = 512 * 1024;
const GZIP_MAGIC = 0x1f8b;

/** Reads the beginning of a log and some of its end; of a gzipped one only the beginning, as its end cannot be had without the rest. */
export async function readLogSample(file: string): Promise<LogSample> {
  try {
    const handle = await open(file);
    try {
      if ((await handle.stat()).isFIFO()) return await readStreamSample(handle.createReadStream({ autoClose: false }));
      const head = await readAt(handle, 0, HEAD_BYTES);
      if (head.length > 1 && head.readUInt16BE() === GZIP_MAGIC) return sampleOf(await gunzipHead(handle));
      const { size } = await handle.stat();
      const isWhole = size <= head.length;
      const first = sampleOf({ bytes: head, isWhole });
      if (isWhole && first.isWhole) return first;
      const tailStart = Math.max(isWhole ? endOf(head, HEAD_LINES) : head.length, size - TAIL_BYTES);
      // The first line of the tail began before it, unless the tail goes on where the head ends.
      const tail = wholeLines(await readAt(handle, tailStart, TAIL_BYTES), { isWhole: true }).slice(isWhole ? 0 : 1);
      return { lines: [...first.lines, ...tail.slice(-TAIL_LINES)], isWhole: false };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ProblemError([{ code: 'detect.file', file, message: `cannot be read: ${message}` }], { cause: error });
  }
}

interface Piece {
  readonly bytes: Buffer;
  /** The log ends with it. */
  readonly isWhole: boolean;
}

function sampleOf({ bytes, isWhole }: Piece): LogSample {
  const all = wholeLines(bytes, { isWhole });
  return { lines: all.slice(0, HEAD_LINES), isWhole: isWhole && all.length <= HEAD_LINES };
}

/** The lines that are there from end to end: a last one may still be written, unless it is all there is. */
function wholeLines(bytes: Buffer, { isWhole }: { readonly isWhole: boolean }): readonly Buffer[] {
  const all = [...lines(bytes)].map(({ start, end }) => bytes.subarray(start, end));
  const isCut = bytes.length > 0 && !bytes.subarray(-1).equals(LINE_END);
  const kept = isCut && (all.length > 1 || !isWhole) ? all.slice(0, -1) : all;
  return kept.filter((line) => line.length > 0);
}

const LINE_END = Buffer.from('\n');

/** Where the first `count` lines end that are not empty. */
function endOf(bytes: Buffer, count: number): number {
  let seen = 0;
  for (const { start, end } of lines(bytes)) {
    if (end > start) seen += 1;
    if (seen > count) return start;
  }
  return bytes.length;
}

async function readAt(handle: FileHandle, position: number, most: number): Promise<Buffer> {
  const buffer = Buffer.alloc(most);
  let length = 0;
  while (length < most) {
    const { bytesRead } = await handle.read(buffer, length, most - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** What a gzip file begins with; one that is cut off or damaged gives what could be read. */
function gunzipHead(handle: FileHandle): Promise<Piece> {
  return headOf(handle.createReadStream({ start: 0, autoClose: false }).pipe(createGunzip()));
}

async function headOf(stream: Readable): Promise<Piece> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > HEAD_BYTES) break;
    }
  } catch {
    // What was read before the damage is still a sample; nothing at all is an empty one.
  }
  return { bytes: Buffer.concat(chunks).subarray(0, HEAD_BYTES), isWhole: length <= HEAD_BYTES };
}

/** The same of what comes through a pipe: its beginning. */
export async function readStreamSample(stream: Readable): Promise<LogSample> {
  return sampleOf(await headOf(stream));
}
