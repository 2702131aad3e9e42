import type { Generation } from '../generation.ts';
import type { Frame } from './sse.ts';

/** How an API writes an answer, whole or as server-sent events. */
export interface Dialect {
  readonly whole: (generation: Generation) => unknown;
  /** Absent where the API has no streams. */
  readonly stream?: StreamDialect;
}

/** An error as it travels inside a stream: always under the key `error`. */
export interface StreamError {
  readonly error: unknown;
}

export interface StreamDialect {
  readonly opening: (generation: Generation) => readonly Frame[];
  readonly token: (generation: Generation, text: string) => Frame;
  readonly closing: (generation: Generation) => readonly Frame[];
  /** A failure after the stream has begun. */
  readonly failure: (error: StreamError) => readonly Frame[];
}
