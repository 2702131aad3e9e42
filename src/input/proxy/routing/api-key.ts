import { stat } from 'node:fs/promises';
import type { Clock } from '../../../clock.ts';
import { readKeyFile } from '../../../config/proxy/api-key.ts';
import type { Log } from '../../../log.ts';
import { keyHeaderOf } from '../../../provider/known.ts';

/** Where a key is. One that stood in the environment is handed over as it stood there. */
export type KeySource = { readonly file: string } | { readonly value: string };

/** The key of one upstream, for clients that send none. It appears in no log line, metric or page. */
export interface ApiKey {
  /** The header that carries it with a request for `target`, flat; empty when there is no key to be had. */
  headersFor(target: string): readonly string[];
}

export interface KeyContext {
  /** Value of the provider label: by it the header is chosen. */
  readonly provider: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A rotated key is in use this long after it was written, or with the first request after that. */
const LOOK_EVERY_MS = 1000;

/** Reads the key, and follows its file from then on: secrets that are mounted are exchanged under the same name. */
export function createApiKey(source: KeySource, context: KeyContext): ApiKey {
  const read = 'file' in source ? followKeyFile(source.file, context) : () => source.value.trim();
  return {
    headersFor(target) {
      const key = read();
      if (key === undefined) return [];
      const { name, prefix } = keyHeaderOf(context.provider, target);
      return [name, prefix + key];
    },
  };
}

/**
 * A key file. At most one look a second, asked for by requests and waited for by none: the request that finds the file changed still goes
 * out with the key before. A file that has gone or holds no key leaves the last one in use, and is told of once.
 */
function followKeyFile(file: string, { clock, log }: KeyContext): () => string | undefined {
  let key: string | undefined;
  let seen: string | undefined;
  let toldFault = '';
  let lookedMs = clock.elapsedMs();
  let isLooking = false;

  function read(): void {
    try {
      key = readKeyFile(file);
      toldFault = '';
    } catch (error) {
      tell(error);
    }
  }

  function tell(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (fault === toldFault) return;
    toldFault = fault;
    log.error('an API key file is of no use, the key read before stays in use', { file, fault });
  }

  async function look(): Promise<void> {
    try {
      const { ino, size, ctimeMs } = await stat(file);
      const now = `${ino} ${size} ${ctimeMs}`;
      if (now !== seen) read();
      seen = now;
    } catch (error) {
      seen = undefined;
      tell(error);
    }
    isLooking = false;
  }

  read();
  return () => {
    if (!isLooking && clock.elapsedMs() - lookedMs >= LOOK_EVERY_MS) {
      isLooking = true;
      lookedMs = clock.elapsedMs();
      void look();
    }
    return key;
  };
}
