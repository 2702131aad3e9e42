import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Where Debian's Alertmanager looks for its built-in templates and pages, whatever its flags say. */
const ALERTMANAGER_ASSETS = '/usr/share/prometheus/alertmanager';
/** The descriptor on which the launcher opens that folder; sh can only name one digit. */
const ASSETS_DESCRIPTOR = 9;

/** Puts one small script for each program into `bin/`, so that it runs from its unpacked folder, wherever that is. */
export async function writeLaunchers(root: string): Promise<void> {
  await mkdir(join(root, 'bin'));
  for (const folder of ['usr/bin', 'usr/sbin']) {
    for (const file of await readdir(join(root, folder)).catch(() => [])) {
      const program = join(root, folder, file);
      if (file === 'prometheus-alertmanager') await redirectAssets(program);
      await writeFile(join(root, 'bin', file), launcher(`${folder}/${file}`), { mode: 0o755 });
    }
  }
}

/**
 * Debian took the templates out of the Alertmanager binary and wrote an absolute path into it: unpacked elsewhere, it
 * refuses every configuration. We may not write to /usr, and a longer path does not fit into the binary, so the path
 * becomes that of an open descriptor, padded with slashes, which Go's path.Join drops.
 */
async function redirectAssets(program: string): Promise<void> {
  const binary = await readFile(program);
  const replacement = `/proc/self/fd/${ASSETS_DESCRIPTOR}`.padEnd(ALERTMANAGER_ASSETS.length, '/');
  for (let at = binary.indexOf(ALERTMANAGER_ASSETS); at !== -1; at = binary.indexOf(ALERTMANAGER_ASSETS, at + 1)) {
    binary.write(replacement, at);
  }
  await writeFile(program, binary);
}

/** `exec` keeps the process id, so that a signal reaches the program itself. */
function launcher(file: string): string {
  const own: Readonly<Record<string, readonly string[]>> = {
    'prometheus-alertmanager': [`exec ${ASSETS_DESCRIPTOR}<"$root${ALERTMANAGER_ASSETS}"`],
    prometheus: ['set -- --web.local-assets="$root/usr/share/prometheus/web" "$@"'],
  };
  return [
    '#!/bin/sh',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is shell.
    'root=${0%/bin/*}',
    'for folder in "$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu; do',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is shell.
    '  LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}',
    'done',
    'export LD_LIBRARY_PATH',
    ...(own[basename(file)] ?? []),
    `exec "$root/${file}" "$@"`,
    '',
  ].join('\n');
}
