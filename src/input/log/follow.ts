import { Follower, type FollowerOptions, type PollResult } from './follower.ts';

export interface FileSourceOptions extends FollowerOptions {
  readonly pollIntervalMs?: number | undefined;
}

/** A file that is followed, through rotations, until it is closed. */
export interface FileSource {
  /** Opens the file now, so that what is written after this call is read, and goes on by itself. */
  start(): void;
  /** One bounded, synchronous step. Never throws. */
  poll(): PollResult;
  /** Lets the file go. The sink stays open: its owner closes it. */
  close(): void;
}

/**
 * Follows one path. Polls instead of `fs.watch`: a watch stays on the old inode after a rename, and network, overlay and bind mounts
 * do not report changes at all (https://nodejs.org/api/fs.html#caveats). An idle poll is two system calls a file.
 */
export function createFileSource(options: FileSourceOptions): FileSource {
  const { clock, pollIntervalMs = 250 } = options;
  const follower = new Follower(options);
  let cancel = () => {};

  function tick(): void {
    cancel = follower.poll().more ? soon(tick) : clock.after(pollIntervalMs, tick);
  }

  return {
    start: tick,
    poll: () => follower.poll(),
    close() {
      cancel();
      follower.close();
    },
  };
}

/** Behind whatever input and output is waiting: a file being caught up with never keeps a request or a scrape out. */
function soon(task: () => void): () => void {
  const immediate = setImmediate(task);
  return () => clearImmediate(immediate);
}
