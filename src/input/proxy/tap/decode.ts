import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** Most that a bounded copy may unpack to: a small body that explodes is left alone. */
const MAX_DECODED_BYTES = 1024 * 1024;

/** How each content coding (RFC 9110 section 8.4.1) is undone: `now` and `whole` for a copy, `open` for a running stream. */
interface Coding {
  now(bytes: Buffer): Buffer;
  whole(bytes: Buffer, done: (error: Error | null, decoded: Buffer) => void): void;
  open(): Transform;
}

// A copy that was cut at its bound still gives what it holds when the decoder flushes instead of insisting on an end.
const deflated = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: zlib.constants.Z_SYNC_FLUSH };
const brotli = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH };
const zstd = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: zlib.constants.ZSTD_e_flush };

const GZIP: Coding = {
  now: (bytes) => zlib.gunzipSync(bytes, deflated),
  whole: (bytes, done) => zlib.gunzip(bytes, deflated, done),
  open: () => zlib.createGunzip(),
};
const CODINGS: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  [
    'deflate',
    {
      now: (bytes) => zlib.inflateSync(bytes, deflated),
      whole: (bytes, done) => zlib.inflate(bytes, deflated, done),
      open: () => zlib.createInflate(),
    },
  ],
  [
    'br',
    {
      now: (bytes) => zlib.brotliDecompressSync(bytes, brotli),
      whole: (bytes, done) => zlib.brotliDecompress(bytes, brotli, done),
      open: () => zlib.createBrotliDecompress(),
    },
  ],
  [
    'zstd',
    {
      now: (bytes) => zlib.zstdDecompressSync(bytes, zstd),
      whole: (bytes, done) => zlib.zstdDecompress(bytes, zstd, done),
      open: () => zlib.createZstdDecompress(),
    },
  ],
]);

/** The one coding of a body in lower case, '' for none. */
export function contentCoding(header: string | undefined): string {
  const coding = header?.trim().toLowerCase() ?? '';
  return coding === 'identity' ? '' : coding;
}

/**
 * Unpacks a bounded copy on zlib's own threads and hands over the text, or undefined when it cannot be read (an unknown
 * or doubled coding, damage, too large). Without a coding it answers at once.
 */
export function decodeCopy(bytes: Buffer, coding: string, done: (text: string | undefined) => void): void {
  if (coding === '') {
    done(bytes.toString('utf8'));
    return;
  }
  const found = CODINGS.get(coding);
  if (found === undefined) done(undefined);
  else found.whole(bytes, (error, decoded) => done(error === null ? decoded.toString('utf8') : undefined));
}

/** Unpacks a bounded copy, or the start of one; undefined where it is damaged or would be too large. */
export type Decode = (bytes: Buffer) => Buffer | undefined;

/** What undoes a coding while everything else waits, so for little; undefined for a coding that we do not know. */
export function decoderNow(coding: string): Decode | undefined {
  const found = CODINGS.get(coding);
  if (found === undefined) return undefined;
  return (bytes) => {
    try {
      return found.now(bytes);
    } catch {
      // The API will say what is wrong with the body.
      return undefined;
    }
  };
}

/** A running decoder for a coded stream, or undefined for a coding that we do not know. */
export function openDecoder(coding: string): Transform | undefined {
  return CODINGS.get(coding)?.open();
}
