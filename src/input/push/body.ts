import { PassThrough, type Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Clock } from '../../clock.ts';

/** How a body may be packed (RFC 9110 section 8.4.1). */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  identity: () => new PassThrough(),
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

/** For `Accept-Encoding` of an answer that refuses another one (RFC 9110 section 15.5.16). */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br, zstd, identity';

/** Opens what undoes a coding; undefined for one we do not know and for several on top of one another. */
export function openDecoder(contentEncoding: string | undefined): Transform | undefined {
  const coding = contentEncoding?.trim().toLowerCase() || 'identity';
  return Object.hasOwn(DECODERS, coding) ? DECODERS[coding]?.() : undefined;
}

/** What became of a body: its bytes, or why there are none. `busy`: all bodies together hold as much memory as they may. */
export type BodyResult =
  | { readonly kind: 'body'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly kind: 'too_large' | 'timed_out' | 'aborted' | 'busy' }
  | { readonly kind: 'damaged'; readonly reason: string };

/** Memory that bodies share: what all that are under way hold together. */
export interface BodyMemory {
  heldBytes: number;
}

export interface ReadBodyOptions {
  readonly source: Readable;
  readonly decoder: Transform;
  /** Of the unpacked body; reading stops where it is passed, so a bomb unpacks to no more than that. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly memory: BodyMemory;
  readonly maxHeldBytes: number;
  readonly clock: Clock;
}

/**
 * Reads and unpacks a whole body. Never rejects. Where it stops early it lets the rest run out unread rather than closing the connection:
 * a sender that is still sending when its connection is reset never reads the answer that tells it why. Whoever gets the bytes calls
 * `release` when they are no longer held.
 */
export function readBody({
  source,
  decoder,
  maxBytes,
  timeoutMs,
  memory,
  maxHeldBytes,
  clock,
}: ReadBodyOptions): Promise<BodyResult> {
  const { promise, resolve } = Promise.withResolvers<BodyResult>();
  const chunks: Buffer[] = [];
  let length = 0;
  let settled = false;
  const release = () => {
    memory.heldBytes -= length;
    length = 0;
  };

  const settle = (result: BodyResult) => {
    if (settled) return;
    settled = true;
    cancel();
    if (result.kind !== 'body') release();
    source.unpipe(decoder);
    decoder.destroy();
    source.resume();
    resolve(result);
  };
  const cancel = clock.after(timeoutMs, () => settle({ kind: 'timed_out' }));

  decoder.on('data', (chunk: Buffer) => {
    if (settled) return;
    length += chunk.length;
    memory.heldBytes += chunk.length;
    chunks.push(chunk);
    if (length > maxBytes) settle({ kind: 'too_large' });
    else if (memory.heldBytes > maxHeldBytes) settle({ kind: 'busy' });
  });
  decoder.once('end', () => settle({ kind: 'body', bytes: Buffer.concat(chunks), release }));
  // Stays on: a decoder that is destroyed in the middle may still fail.
  decoder.on('error', (error) => settle({ kind: 'damaged', reason: error.message }));
  source.on('error', () => settle({ kind: 'aborted' }));
  source.once('close', () => {
    if (!source.readableEnded) settle({ kind: 'aborted' });
  });
  if (source.destroyed) settle({ kind: 'aborted' });
  else source.pipe(decoder);
  return promise;
}
