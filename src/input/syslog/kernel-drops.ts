import { readdir, readFile, readlink } from 'node:fs/promises';

/** Tables of the UDP sockets of this network namespace (proc_net(5)): one socket a line, its drops in the last column. */
const TABLES = { udp4: '/proc/net/udp', udp6: '/proc/net/udp6' } as const;
const DESCRIPTORS = '/proc/self/fd';
/** Columns of a line, split at white space: `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`. */
const LOCAL_ADDRESS = 1;
const INODE = 9;

/**
 * How many datagrams the kernel has dropped of what came to our socket on this port; undefined where it does not tell (not Linux, a sandbox
 * without /proc). Sockets of other programs may have the same port on other addresses, so ours is known by its inode.
 */
export async function kernelDrops(family: keyof typeof TABLES, port: number): Promise<number | undefined> {
  try {
    const [table, inodes] = await Promise.all([readFile(TABLES[family], 'utf8'), socketInodes()]);
    const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const row = rows.find((columns) => columns[LOCAL_ADDRESS]?.endsWith(suffix) && inodes.has(columns[INODE] ?? ''));
    const drops = Number(row?.at(-1));
    return Number.isSafeInteger(drops) ? drops : undefined;
  } catch {
    return undefined;
  }
}

/** Of the sockets of this process. */
async function socketInodes(): Promise<ReadonlySet<string>> {
  const descriptors = await readdir(DESCRIPTORS);
  // One that was closed since has no link any more.
  const links = await Promise.all(descriptors.map((name) => readlink(`${DESCRIPTORS}/${name}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
