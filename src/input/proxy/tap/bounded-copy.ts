/** The start and the end of a body, each up to `maxBytes`; the middle of a longer one is not kept. */
export interface BoundedCopy {
  push(chunk: Buffer): void;
  /** True when nothing is missing between head and tail. */
  isWhole(): boolean;
  /** What was kept; where something is missing, head and tail stand side by side. */
  bytes(): Buffer;
}

export function createBoundedCopy(maxBytes: number): BoundedCopy {
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  let isWhole = true;

  function pushTail(chunk: Buffer): void {
    const joined = chunk.length >= maxBytes ? chunk : Buffer.concat([tail, chunk]);
    if (tail.length + chunk.length > maxBytes) isWhole = false;
    // A copy: a view would hold on to the whole joined buffer, or to the socket's.
    tail = Buffer.from(joined.subarray(-maxBytes));
  }

  return {
    push(chunk) {
      const first = chunk.subarray(0, maxBytes - headBytes);
      if (first.length > 0) head.push(Buffer.from(first));
      headBytes += first.length;
      if (first.length < chunk.length) pushTail(chunk.subarray(first.length));
    },
    isWhole: () => isWhole,
    bytes: () => Buffer.concat([...head, tail]),
  };
}
