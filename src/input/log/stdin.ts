import type { Readable } from 'node:stream';
import type { Log } from '../../log.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { errorCode } from './path-look.ts';

export interface StreamSourceOptions extends IntakeOptions {
  readonly stream: Readable;
  readonly log: Log;
}

/** Lines from a pipe. `ended` resolves when the stream is over, however it ended; it never rejects. */
export interface StreamSource {
  readonly ended: Promise<void>;
  start(): void;
  close(): void;
}

/**
 * Reads lines from a stream, which is usually standard input. Unlike a file, a pipe that ends has nothing more to come: its last
 * line needs no newline. A pipe cannot be read again, so what was counted since the last scrape is lost if the process is killed.
 */
export function createStreamSource({ stream, log, ...intakeOptions }: StreamSourceOptions): StreamSource {
  const { sink } = intakeOptions;
  const intake = new Intake(intakeOptions);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer | string) => intake.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);

  function over(): void {
    sink.status({ up: false, lagBytes: 0 });
    resolve();
  }

  return {
    ended,
    start() {
      sink.status({ up: true, lagBytes: 0 });
      stream.on('data', onData);
      stream.once('end', () => {
        intake.finish();
        over();
      });
      stream.once('error', (error) => {
        log.warn('input stream failed', { code: errorCode(error) });
        intake.abandon();
        over();
      });
    },
    close() {
      stream.off('data', onData);
      stream.pause();
      resolve();
    },
  };
}
