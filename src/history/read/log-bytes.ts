import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;
const GZIP_MAGIC = 0x1f8b;

/** The bytes of one past log, unpacked where it is gzipped, taken one piece at a time. */
export interface LogBytes {
  /** The next piece, good until the next call; undefined at the end. */
  next(): Promise<Buffer | undefined>;
  /** Bytes of the file that were taken, packed ones where it is packed. */
  readonly taken: number;
  /** Why the end came too early: a packed file that is cut off or damaged. */
  readonly fault: string | undefined;
  close(): Promise<void>;
}

/** Opens a log; by its first bytes it is known whether it is packed, as rotated logs are named in many ways. Rejects as `open` does. */
export async function openLogBytes(file: string): Promise<LogBytes> {
  const handle = await open(file);
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const first = await readPiece(handle, buffer).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  const source = { handle, buffer, first, taken: 0 };
  return first.length > 1 && first.readUInt16BE() === GZIP_MAGIC ? packedBytes(source) : plainBytes(source);
}

interface Source {
  readonly handle: FileHandle;
  readonly buffer: Buffer;
  /** Read already, to look at it. */
  first: Buffer | undefined;
  taken: number;
}

async function readPiece(handle: FileHandle, buffer: Buffer): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
  return buffer.subarray(0, bytesRead);
}

async function take(source: Source): Promise<Buffer> {
  const piece = source.first ?? (await readPiece(source.handle, source.buffer));
  source.first = undefined;
  source.taken += piece.length;
  return piece;
}

function plainBytes(source: Source): LogBytes {
  return {
    async next() {
      const piece = await take(source);
      return piece.length === 0 ? undefined : piece;
    },
    get taken() {
      return source.taken;
    },
    fault: undefined,
    close: () => source.handle.close(),
  };
}

/**
 * Driven by hand, one piece in and all that comes of it out, not by a pipe: what was unpacked before a damaged place would be lost in the
 * pipe's buffers with its error. A piece of 256 KiB unpacks to some megabytes of log, and to 256 MiB at the very worst (zlib: 1032 to 1).
 */
function packedBytes(source: Source): LogBytes {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let unpacked: Buffer[] = [];
  let fault: string | undefined;
  let isOver = false;
  gunzip.on('data', (piece: Buffer) => unpacked.push(piece));
  gunzip.on('error', () => {
    // It is told by the call that met it.
  });
  return {
    async next() {
      while (!isOver) {
        const packed = await take(source);
        isOver = packed.length === 0;
        try {
          await push(gunzip, packed);
        } catch (error) {
          isOver = true;
          fault = error instanceof Error ? error.message : String(error);
        }
        if (unpacked.length === 0) continue;
        const piece = Buffer.concat(unpacked);
        unpacked = [];
        return piece;
      }
      return undefined;
    },
    get taken() {
      return source.taken;
    },
    get fault() {
      return fault;
    },
    async close() {
      gunzip.destroy();
      await source.handle.close();
    },
  };
}

/** Resolves when all that comes of these bytes was handed out; no bytes are the end. */
function push(gunzip: Gunzip, packed: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    gunzip.once('error', reject);
    const done = (error?: Error | null) => {
      gunzip.off('error', reject);
      if (error) reject(error);
      else resolve();
    };
    if (packed.length > 0) gunzip.write(packed, done);
    else {
      gunzip.once('end', done);
      gunzip.end();
    }
  });
}
