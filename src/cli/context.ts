import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';

/** Where a command prints its results; stderr belongs to the log. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
}

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What a command may know of the process that runs it. */
export interface CliContext {
  readonly stdout: Output;
  /** For progress of long work, where it is a terminal; all else that goes there is the log's. */
  readonly stderr?: Output | undefined;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Calls `handler` at each such signal, instead of what the signal does by default; returns a way to stop that. */
  onSignal(signal: Signal, handler: () => void): () => void;
}
