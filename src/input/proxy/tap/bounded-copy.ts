import { createGathered } from './gathered.ts';

/** The start and the end of a body, each up to `maxBytes`; the middle of a longer one is not kept. */
export interface BoundedCopy {
  push(chunk: Buffer): void;
  /** True when nothing is missing between head and tail. */
  isWhole(): boolean;
  /** What was kept, good until the next push; where something is missing, head and tail stand side by side. */
  bytes(): Buffer;
}

/** What is pushed is copied: it is the sender's again when the read ends. Most answers come in one piece, and its copy is all there is. */
export function createBoundedCopy(maxBytes: number): BoundedCopy {
  let only: Buffer | undefined;
  const head = createGathered();
  let headBytes = 0;
  /** The end is kept in a ring, so that a body of any length costs one copy of its bytes and no memory beyond this. */
  let ring: Buffer | undefined;
  let tailBytes = 0;

  function pushTail(chunk: Buffer): void {
    ring ??= Buffer.allocUnsafe(maxBytes);
    const kept = chunk.subarray(-maxBytes);
    const start = (tailBytes + chunk.length - kept.length) % maxBytes;
    const untilWrap = kept.copy(ring, start);
    kept.copy(ring, 0, untilWrap);
    tailBytes += chunk.length;
  }

  function tail(): readonly Buffer[] {
    if (ring === undefined) return [];
    if (tailBytes <= maxBytes) return [ring.subarray(0, tailBytes)];
    const oldest = tailBytes % maxBytes;
    return [ring.subarray(oldest), ring.subarray(0, oldest)];
  }

  function copy(chunk: Buffer): void {
    const first = chunk.subarray(0, maxBytes - headBytes);
    if (first.length > 0) head.push(first);
    headBytes += first.length;
    if (first.length < chunk.length) pushTail(chunk.subarray(first.length));
  }

  return {
    push(chunk) {
      if (headBytes === 0 && only === undefined && chunk.length <= maxBytes) {
        only = Buffer.from(chunk);
        return;
      }
      if (only !== undefined) copy(only);
      only = undefined;
      copy(chunk);
    },
    isWhole: () => tailBytes <= maxBytes,
    bytes: () => only ?? (tailBytes === 0 ? head.bytes() : Buffer.concat([head.bytes(), ...tail()])),
  };
}
