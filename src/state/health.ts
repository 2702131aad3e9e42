import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Store } from '../metrics/store.ts';

/** How writing goes, told where people and alerts look. */
export interface Health {
  readonly lastWriteMs: number | undefined;
  /** Code of the last failure, until a write succeeds. */
  readonly trouble: string | undefined;
  wrote(): void;
  failed(error: unknown): void;
}

/** Counts every write; the log has one line when trouble begins or changes, and one when it ends. */
export function createHealth({
  store,
  clock,
  log,
  dir,
}: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly dir: string;
}): Health {
  let lastWriteMs: number | undefined;
  let trouble: string | undefined;
  for (const result of ['success', 'error']) store.add('llm_exporter_state_writes_total', { result }, 0);
  return {
    get lastWriteMs() {
      return lastWriteMs;
    },
    get trouble() {
      return trouble;
    },
    wrote() {
      lastWriteMs = clock.nowMs();
      store.add('llm_exporter_state_writes_total', { result: 'success' });
      store.set('llm_exporter_state_last_write_timestamp_seconds', {}, lastWriteMs / 1000);
      if (trouble !== undefined) log.info('state is written again', { dir });
      trouble = undefined;
    },
    failed(error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      store.add('llm_exporter_state_writes_total', { result: 'error' });
      if (code !== trouble) {
        log.error(
          'state cannot be written: metrics are served on, but a crash would lose what is counted from now on',
          {
            dir,
            err: error,
          },
        );
      }
      trouble = code;
    },
  };
}
