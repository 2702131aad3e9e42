import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../clock.ts';

/** A request that may still be on its way to us. */
export interface Uploading {
  readonly request: IncomingMessage;
}

/** How far an upload had come when it last moved. */
interface Progress {
  readonly bytes: number;
  readonly atMs: number;
}

/** Looks this often within the time allowed; an upload that stands still is found at most one look late. */
const LOOKS = 4;

/**
 * Finds clients that stop in the middle of a request's body and would hold their connection, and one to the upstream, for ever (slowloris).
 * A client that has to wait for the upstream is not slow. All uploads are looked at together from time to time, so that a request that is
 * sent in one go, as nearly all are, costs no timer.
 */
export function createUploadWatch<T extends Uploading>({
  clock,
  idleMs,
  running,
  onStalled,
}: {
  readonly clock: Clock;
  /** How long nothing may come. */
  readonly idleMs: number;
  readonly running: () => readonly T[];
  readonly onStalled: (uploading: T) => void;
}): { /** To be called when a request begins. */ readonly begin: () => void } {
  const moved = new WeakMap<T, Progress>();
  let isWatching = false;

  function look(): void {
    isWatching = false;
    for (const uploading of running()) {
      if (isStalled(uploading)) onStalled(uploading);
    }
    if (running().length > 0) begin();
  }

  function isStalled(uploading: T): boolean {
    const { request } = uploading;
    if (request.complete || request.isPaused()) return false;
    const atMs = clock.elapsedMs();
    const bytes = request.socket.bytesRead;
    const before = moved.get(uploading);
    if (before?.bytes === bytes) return atMs - before.atMs >= idleMs;
    moved.set(uploading, { bytes, atMs });
    return false;
  }

  function begin(): void {
    if (isWatching) return;
    isWatching = true;
    clock.after(idleMs / LOOKS, look);
  }

  return { begin };
}
