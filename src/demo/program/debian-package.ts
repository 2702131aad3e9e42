import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { writeLaunchers } from './launcher.ts';

const run = promisify(execFile);

/** Part of the path, so that a cache written by another release of ours is not used. */
const LAYOUT = 'debian-1';
const DOWNLOAD_TIMEOUT_MS = 300_000;
/** Another process may hold apt's lock while it updates the same lists. */
const UPDATE_ATTEMPTS = 20;
const UPDATE_PAUSE_MS = 3_000;

/**
 * Packages whose files a program needs although they may be installed already: Prometheus's pages refer to jQuery by a
 * path relative to their own folder, so a copy must lie in the unpacked tree.
 */
const alsoNeeded: Readonly<Record<string, readonly string[]>> = { prometheus: ['libjs-jquery'] };

/** Where unpacked packages are kept: one folder for each package and version, complete as soon as it exists. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'llm-exporter', LAYOUT);
}

/**
 * Downloads a Debian package with those of its dependencies that are not installed, and unpacks them without installing
 * anything. Returns the folder, whose `bin/` holds the programs. Fresh images come without package lists, and old lists
 * name packages that are gone, so a failure is tried once more after an update, which only root may do.
 * Throws an Error with apt's reason.
 */
export async function unpackDebianPackage(name: string): Promise<string> {
  await mkdir(cacheFolder(), { recursive: true });
  try {
    return await downloadAndUnpack(name);
  } catch (error) {
    if (isMissing(error)) throw new Error('there is no apt-get to download it with', { cause: error });
    if (process.getuid?.() !== 0)
      throw new Error(`${messageOf(error)} (apt-get update, as root, may help)`, { cause: error });
  }
  await updateLists();
  return downloadAndUnpack(name);
}

/** Several processes may do this at once: each works in a folder of its own, and the first rename wins. */
async function downloadAndUnpack(name: string): Promise<string> {
  const { packages, version } = await plan(name);
  const root = join(cacheFolder(), `${name}_${version}`);
  const work = await mkdtemp(join(cacheFolder(), '.unpacking-'));
  try {
    await unpack(packages, work);
    await writeLaunchers(work);
    await rename(work, root).catch(async (error: unknown) => {
      if (!(await exists(root))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return root;
}

/** `apt-get --simulate install` prints `Inst NAME [INSTALLED] (VERSION …)` for each package it would add. */
async function plan(name: string): Promise<{ readonly packages: readonly string[]; readonly version: string }> {
  const wanted = [name, ...(alsoNeeded[name] ?? [])];
  const output = await apt(['--simulate', '--no-install-recommends', '--reinstall', 'install', ...wanted]);
  const additions = [...output.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+)/gm)];
  const version = additions.find((match) => match[1] === name)?.[2];
  if (version === undefined) throw new Error(`apt-get has no candidate for ${name}`);
  return { packages: additions.flatMap((match) => match[1] ?? []), version };
}

/** Another process may hold apt's lock while it updates the same lists: then its update serves us too. */
async function updateLists(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await apt(['update', '--quiet']);
      return;
    } catch (error) {
      if (attempt === UPDATE_ATTEMPTS || !messageOf(error).includes('lock')) throw error;
    }
    await wait(UPDATE_PAUSE_MS);
  }
}

async function unpack(packages: readonly string[], folder: string): Promise<void> {
  await apt(['download', ...packages], folder);
  const archives = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  for (const archive of archives) {
    await run('dpkg-deb', ['--extract', join(folder, archive), folder]);
    await rm(join(folder, archive));
  }
}

async function apt(args: readonly string[], cwd?: string): Promise<string> {
  // The sandbox user cannot write to our folder; without this apt warns and goes on as root anyway.
  const options = ['--option', 'APT::Sandbox::User=root'];
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const { stdout } = await run('apt-get', [...options, ...args], { cwd, env, timeout: DOWNLOAD_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const reason = error instanceof Error && 'stderr' in error && /^E: (.+)$/m.exec(String(error.stderr))?.[1];
    throw reason ? new Error(`apt-get: ${reason}`, { cause: error }) : error;
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
