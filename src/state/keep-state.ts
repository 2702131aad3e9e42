import type { Cut } from '../metrics/cut.ts';
import type { FamilyName } from '../metrics/families.ts';
import { createCommits, PATIENCE_MS } from './commits.ts';
import type { Folder } from './folder.ts';
import type { Health } from './health.ts';
import type { Journal } from './journal/journal.ts';
import type { LoadedJournal } from './journal/load.ts';
import { takeSnapshot } from './snapshot.ts';
import type { State, StateOptions, StatePart } from './state.ts';

/** What state is kept with. */
export interface StateTools {
  readonly dir: string;
  readonly folder: Folder;
  readonly loaded: LoadedJournal;
  readonly health: Health;
  readonly journal: Journal;
}

/** Every write is counted, which is a difference: by itself not worth another write as long as nobody is shown it. */
const OVERLOOKED: readonly FamilyName[] = ['llm_exporter_state_writes_total'];

/** Writes from `begin` to `close`: before what is told, every interval, and at the end. */
export function keepState(
  { store, clock, log, sync, intervalMs }: StateOptions,
  { dir, folder, loaded, health, journal }: StateTools,
): State {
  let parts: Readonly<Record<string, StatePart>> | undefined;
  let closed = false;
  let cancelTick = () => {};
  const started = Promise.withResolvers<void>();
  const commits = createCommits({ write, current: () => store.cut(), clock, onHang: () => health.failed(hangError()) });

  async function write(shown: boolean): Promise<Cut> {
    let cut: Cut | undefined;
    try {
      const snapshot = takeSnapshot(store, parts ?? {});
      cut = snapshot.cut;
      if (await journal.write(snapshot, shown ? [] : OVERLOOKED)) health.wrote();
    } catch (error) {
      health.failed(error);
    }
    return cut ?? store.cut();
  }

  function tick(): void {
    commits.tick();
    cancelTick = clock.after(intervalMs, tick);
  }

  return {
    saved: loaded.parts,
    begin(given) {
      parts = given;
      // At once, so that a folder that cannot be written to is known from the start.
      tick();
      started.resolve();
    },
    async commit() {
      await started.promise;
      return closed || sync !== 'scrape' ? store.cut() : commits.commit();
    },
    status: () => ({
      dir,
      load: loaded.load,
      setAside: loaded.setAside,
      lastWriteMs: health.lastWriteMs,
      bytes: journal.bytes === 0 ? loaded.bytes : journal.bytes,
      trouble: health.trouble,
    }),
    async close() {
      if (closed) return;
      cancelTick();
      if (parts !== undefined) await commits.commit();
      closed = true;
      started.resolve();
      if (commits.hangs) {
        // Everything that could be given up would wait, too. The system gives up the lock when the process has ended.
        log.warn('the disk still hangs: the process may have to be killed', { dir });
        return;
      }
      await journal.close();
      folder.release();
    },
  };
}

function hangError(): Error {
  return Object.assign(new Error(`the disk has not answered for ${PATIENCE_MS / 1000} s`), { code: 'ETIMEDOUT' });
}
