import { join, resolve } from 'node:path';
import type { Log } from '../log.ts';
import { ProblemError } from '../problem.ts';
import { createFolder, type Folder, FolderBusyError } from './folder.ts';
import { createHealth } from './health.ts';
import { createJournal } from './journal/journal.ts';
import { type LoadedJournal, loadJournal } from './journal/load.ts';
import { keepState } from './keep-state.ts';
import { STATE_LOADS, type State, type StateOptions } from './state.ts';

/**
 * Takes up what the run before left in `dir`, puts its values into the store, and keeps them from then on. Throws a ProblemError when another
 * process uses the folder; all else that is wrong with it is told and lived with.
 */
export async function openState(options: StateOptions): Promise<State> {
  const { store, clock, log, sync } = options;
  if (sync === 'off') return keepNothing(options);
  const dir = resolve(options.dir);
  const path = join(dir, 'state.journal');
  const folder = createFolder(dir, log);
  const trouble = await prepare(folder, dir);
  const loaded = await loadJournal(path, clock.nowMs());
  takeUp(loaded, options, path);
  const health = createHealth({ store, clock, log, dir });
  if (trouble !== undefined) health.failed(trouble);
  const journal = createJournal({ path, prepare: () => folder.prepare() });
  return keepState(options, { dir, folder, loaded, health, journal });
}

/** `sync: off`. */
function keepNothing({ store }: StateOptions): State {
  return {
    saved: {},
    begin() {},
    commit: async () => store.cut(),
    status: () => undefined,
    close: async () => {},
  };
}

/** Gives the error of a folder that cannot be made or written to. */
async function prepare(folder: Folder, dir: string): Promise<unknown> {
  try {
    return await folder.prepare();
  } catch (error) {
    if (!(error instanceof FolderBusyError)) return error;
    const message = `state.dir: ${dir} is in use by another llm-exporter: stop that one, or give this one a folder of its own`;
    throw new ProblemError([{ code: 'state.in_use', message }], { cause: error });
  }
}

/** Fills the store and says how the start went. */
function takeUp(loaded: LoadedJournal, { store, log }: StateOptions, file: string): void {
  const { restored, dropped } = store.restore(loaded.families);
  for (const result of STATE_LOADS) {
    store.add('llm_exporter_state_loads_total', { result }, result === loaded.load ? 1 : 0);
  }
  store.add('llm_exporter_state_dropped_series_total', {}, dropped);
  sayLoaded(log, loaded, { file, series: restored });
  if (dropped > 0) log.warn('saved series that no metric of this version fits are dropped', { series: dropped });
}

function sayLoaded(
  log: Log,
  { load, damage, setAside }: LoadedJournal,
  found: { readonly file: string; readonly series: number },
): void {
  if (load === 'restored') log.info('state restored', found);
  if (load === 'empty') log.info('no state of an earlier run: counters begin at 0', { file: found.file });
  if (load !== 'corrupt') return;
  log.error('state is damaged: only what comes before the damage is taken up', {
    ...found,
    damage,
    set_aside: setAside ?? 'nowhere: it could not be linked, copied or moved',
  });
}
