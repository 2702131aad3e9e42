import { read } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip, type Gunzip } from 'node:zlib';
import type { Descriptor } from '../follow/descriptor.ts';

const PACKED_CHUNK_BYTES = 64 * 1024;
const PLAIN_CHUNK_BYTES = 64 * 1024;

/** What zlib says when the packed bytes end too early: somebody is still writing them, or stopped in the middle. */
const UNEXPECTED_END = 'Z_BUF_ERROR';

/**
 * The unpacked bytes of a .gz file, from its beginning; unpacking stops while nobody takes them. The descriptor stays open. Bytes that
 * end too early are an error, which takes with it what was unpacked and not taken; `isEndAnywhere`: they are all there is.
 */
export function unpack(file: Descriptor, { isEndAnywhere = false } = {}): Gunzip {
  const finishFlush = isEndAnywhere ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  const plain = createGunzip({ chunkSize: PLAIN_CHUNK_BYTES, finishFlush });
  // An error of either ends both, and is seen by whoever reads.
  pipeline(packedBytes(file), plain, () => {});
  return plain;
}

/** Not fs.ReadStream: that closes the descriptor when it is destroyed, even with `autoClose: false`. */
function packedBytes(file: Descriptor): Readable {
  let position = 0;
  return new Readable({
    read() {
      read(file.fd, Buffer.allocUnsafe(PACKED_CHUNK_BYTES), 0, PACKED_CHUNK_BYTES, position, (error, length, bytes) => {
        if (error !== null) this.destroy(error);
        else this.push(length === 0 ? null : bytes.subarray(0, length));
        position += length;
      });
    },
  });
}

export function isUnexpectedEnd(code: string): boolean {
  return code === UNEXPECTED_END;
}
