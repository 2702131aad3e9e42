import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { LogPositions } from '../positions/log-positions.ts';

/** What all that follow the files of one log share. */
export interface FollowContext {
  readonly positions: LogPositions;
  readonly clock: Clock;
  readonly log: Log;
  /** Scratch space for reads, good during one poll. */
  readonly buffer: Buffer;
  /** Called when there may be something to read, at any time. */
  readonly wake: () => void;
  /** The names in a folder, perhaps as they were earlier in this step: for many logs of one folder that are begun together. */
  readonly namesIn: (folder: string) => readonly string[];
  /** How long a file that lost its name must be quiet before it is let go: a writer needs time to notice a rotation. */
  readonly lingerMs: number;
}
