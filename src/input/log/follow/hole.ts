import type { Descriptor } from './descriptor.ts';

const PAGE_BYTES = 4096;

/** Shorter holes are read like anything else. */
const MIN_HOLE_BYTES = 1024 * 1024;

const NULS = Buffer.alloc(PAGE_BYTES);

/**
 * Where the hole ends with which a file begins, if it is still a hole at `from`; `from` if that cannot be told. To read a hole is no cheaper
 * than to read data: 3 s of CPU time for each GiB. Node has no way to ask for the next data (lseek(2), SEEK_DATA), so the place is found by
 * halving. That finds *an* end; it is *the* end if all that the file takes on the disk lies behind it. Throws file system errors.
 */
export function endOfHole(file: Descriptor, from: number): number {
  const { size, allocatedBytes } = file.stat();
  if (size - from < MIN_HOLE_BYTES || allocatedBytes > size - from) return from;
  let hole = Math.floor(from / PAGE_BYTES);
  let data = Math.ceil(size / PAGE_BYTES);
  while (hole + 1 < data) {
    const middle = Math.floor((hole + data) / 2);
    const page = file.bytesAt(middle * PAGE_BYTES, PAGE_BYTES);
    if (page.equals(NULS.subarray(0, page.length))) hole = middle;
    else data = middle;
  }
  const end = Math.min(size, data * PAGE_BYTES);
  const behind = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES - data * PAGE_BYTES;
  return allocatedBytes <= behind && end > from ? end : from;
}
