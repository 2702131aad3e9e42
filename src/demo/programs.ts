import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ProblemError } from '../problem.ts';
import { cacheFolder, unpackDebianPackage } from './program/debian-package.ts';

/** Programs beside ours that the demo and the tests run. */
export const PROGRAMS = [
  'promtool',
  'prometheus',
  'alertmanager',
  'amtool',
  'nginx',
  'haproxy',
  'mtail',
  'vmalert',
] as const;
export type ProgramName = (typeof PROGRAMS)[number];

/** Where Debian ships a program, and under which names it may be on PATH. */
interface Source {
  readonly package: string;
  /** Debian calls Alertmanager `prometheus-alertmanager`; upstream's archive calls it `alertmanager`. */
  readonly names: readonly string[];
}

const sources: Readonly<Record<ProgramName, Source>> = {
  promtool: { package: 'prometheus', names: ['promtool'] },
  prometheus: { package: 'prometheus', names: ['prometheus'] },
  alertmanager: { package: 'prometheus-alertmanager', names: ['alertmanager', 'prometheus-alertmanager'] },
  amtool: { package: 'prometheus-alertmanager', names: ['amtool'] },
  nginx: { package: 'nginx', names: ['nginx'] },
  // The tests have it log to us.
  haproxy: { package: 'haproxy', names: ['haproxy'] },
  // The benches run it beside us.
  mtail: { package: 'mtail', names: ['mtail'] },
  // The tests have it check our rules.
  vmalert: { package: 'victoria-metrics', names: ['vmalert'] },
};

/** nginx and HAProxy live here, and only root has this folder on PATH. */
const ALSO_ON_PATH = '/usr/sbin';

export interface DownloadOptions {
  /** false: only what is there already. */
  readonly download?: boolean;
  /** Called before a download begins, which may take a minute. */
  readonly onDownload?: () => void;
}

/**
 * Absolute path of a program that runs: from PATH, else from Debian's package, unpacked into a cache folder (nothing is
 * installed, no service starts). The first call for a package may download some 25 MB; later ones find it in the cache.
 * Throws a ProblemError that says how to get the program.
 */
export async function debianProgram(
  name: ProgramName,
  { download = true, onDownload }: DownloadOptions = {},
): Promise<string> {
  const source = sources[name];
  const found = (await onPath(source.names)) ?? (await inCache(source));
  if (found !== undefined) return found;
  if (!download) throw missing(name, source, 'it is not on PATH and downloads are off');
  onDownload?.();
  let root: string;
  try {
    root = await unpackDebianPackage(source.package);
  } catch (error) {
    throw missing(name, source, error instanceof Error ? error.message : String(error));
  }
  const path = await firstExecutable(source.names.map((file) => join(root, 'bin', file)));
  if (path === undefined) throw missing(name, source, `Debian's package ${source.package} does not hold it`);
  return path;
}

function onPath(names: readonly string[]): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ALSO_ON_PATH].filter((folder) => folder !== '');
  return firstExecutable(folders.flatMap((folder) => names.map((name) => join(folder, name))));
}

/** A package that was unpacked once is used whatever its version: it must work without a network. */
async function inCache(source: Source): Promise<string | undefined> {
  const folders = await readdir(cacheFolder()).catch(() => []);
  const roots = folders.filter((folder) => folder.startsWith(`${source.package}_`)).sort();
  return firstExecutable(
    roots.reverse().flatMap((root) => source.names.map((name) => join(cacheFolder(), root, 'bin', name))),
  );
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}

function missing(name: ProgramName, source: Source, why: string): ProblemError {
  const message = `${name} is missing: ${why}. Put it on PATH; on Debian or Ubuntu: apt-get install ${source.package}`;
  return new ProblemError([{ code: 'demo.program_missing', message }]);
}
