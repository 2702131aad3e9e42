import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** Most that a bounded copy may unpack to: a small body that explodes is left alone. */
const MAX_DECODED_BYTES = 1024 * 1024;

/** How each content coding (RFC 9110 section 8.4.1) is undone: `whole` for a copy, `open` for a running stream. */
interface Coding {
  whole(bytes: Buffer, done: (error: Error | null, decoded: Buffer) => void): void;
  open(): Transform;
}

// A copy that was cut at its bound still gives what it holds when the decoder flushes instead of insisting on an end.
const deflated = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: zlib.constants.Z_SYNC_FLUSH };
const brotli = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH };
/** 8 MB, more than which no sender of this coding may use (RFC 9659 section 3). */
const zstdWindow = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };
const zstd = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: zlib.constants.ZSTD_e_flush, params: zstdWindow };

const GZIP: Coding = {
  whole: (bytes, done) => zlib.gunzip(bytes, deflated, done),
  open: () => zlib.createGunzip(),
};
const CODINGS: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  ['deflate', { whole: (bytes, done) => zlib.inflate(bytes, deflated, done), open: () => zlib.createInflate() }],
  [
    'br',
    { whole: (bytes, done) => zlib.brotliDecompress(bytes, brotli, done), open: () => zlib.createBrotliDecompress() },
  ],
  [
    'zstd',
    {
      whole: (bytes, done) => zlib.zstdDecompress(bytes, zstd, done),
      open: () => zlib.createZstdDecompress({ params: zstdWindow }),
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

/** Whether there is a decoder for it. */
export function canDecode(coding: string): boolean {
  return CODINGS.has(coding);
}

/** A running decoder for a coded stream, or undefined for a coding that we do not know. */
export function openDecoder(coding: string): Transform | undefined {
  return CODINGS.get(coding)?.open();
}
