import type { IntakeOptions } from '../intake.ts';
import type { ReadFile } from '../positions/open-files.ts';

/** A file in the queue of a followed path. */
export interface LogFile extends ReadFile {
  /** Whether the followed path still leads here; kept by the follower. */
  named: boolean;
  /** Since when, on the elapsed clock, reads have found nothing more; kept by the queue. */
  quietSinceMs: number | undefined;
  /** Nothing more can come of it, ever. */
  readonly isOver: boolean;
  /** It ends where it is over, not where it is quiet. */
  readonly isPacked: boolean;
  /** It is not known yet what the file is and from where it is to be read. */
  readonly isUndecided: boolean;
  /** Bytes read so far, unpacked. */
  readonly end: number;
  /** Memory taken by a line whose end has not been read. */
  readonly heldBytes: number;
  /**
   * Reads at most `limit` bytes, and no more than the buffer holds, and hands their lines on. Returns the bytes taken, 0 if there are none
   * now. Throws file system errors.
   */
  read(buffer: Buffer, limit: number): number;
  /** Bytes written but not read yet, and whether no name in the file system leads here any more. Never throws. */
  stat(): { readonly lagBytes: number; readonly isUnlinked: boolean };
  /** Hands the lines that come on under other rules. */
  reconfigure(options: IntakeOptions): void;
  /** Nobody will write the rest of a line that was begun: it is rejected. */
  abandon(): void;
  /** Lets the file go. A line that was begun is not counted: whoever opens the file again starts at its first byte. */
  close(): void;
}
