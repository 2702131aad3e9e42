import type { FileIdentity } from '../follow/descriptor.ts';
import type { Print } from '../follow/fingerprint.ts';

/**
 * How far one file was read, and how to know it again. It goes to disk, so it holds hashes and never bytes of lines.
 *
 * What proves that a file is the one: its first bytes and those before the offset have these prints. The identity is a hint only. It is
 * not enough, since a number is given to another file as soon as the former one is gone; and it is not needed: a copy or a packed file
 * has another one.
 */
export interface Position {
  /** The path it was opened under; it may have another name by now. */
  readonly path: string;
  /** The path that was followed: the same, but for a file that rotation had moved before it was opened. */
  readonly followedPath: string;
  readonly identity: FileIdentity;
  /** Bytes counted, unpacked: the beginning of a line, unless inside an over-long one. */
  readonly offset: number;
  readonly isSkipping: boolean;
  /** The first bytes of the file. */
  readonly head: Print;
  /** The bytes before the offset. */
  readonly marker: Print;
  readonly mtimeMs: number;
  /** Of a packed file that was read to its end: its size as it lies there. */
  readonly packedSize?: number | undefined;
}

/** A position of a file that is not open. */
export interface Kept {
  readonly position: Position;
  /** Its reading was under way, so what comes after it is still to be found and read. Otherwise it was read to its end and let go. */
  readonly isLive: boolean;
}

/** A position as JSON holds it. */
export type SavedPosition = {
  readonly path: string;
  readonly followed?: string | undefined;
  readonly dev: string;
  readonly ino: string;
  readonly birth: string;
  readonly offset: number;
  readonly skipping?: true | undefined;
  readonly head: SavedPrint;
  readonly marker: SavedPrint;
  readonly mtime: number;
  readonly packed?: number | undefined;
  /** Read to its end and let go. */
  readonly done?: true | undefined;
};
type SavedPrint = readonly [length: number, hash: string];

const writtenForms = new WeakMap<Position, SavedPosition>();

/** A position that did not change is written as before, without being formed again: with hundreds of idle files most are such. */
export function savePosition({ position, isLive }: Kept): SavedPosition {
  const written = writtenForms.get(position) ?? writtenForm(position);
  writtenForms.set(position, written);
  return isLive ? written : { ...written, done: true };
}

function writtenForm(position: Position): SavedPosition {
  const { path, followedPath, identity, offset, head, marker, mtimeMs, packedSize, isSkipping } = position;
  return {
    path,
    dev: String(identity.dev),
    ino: String(identity.ino),
    birth: String(identity.birthtimeNs),
    offset,
    head: [head.length, head.hash],
    marker: [marker.length, marker.hash],
    mtime: mtimeMs,
    ...(followedPath === path ? {} : { followed: followedPath }),
    ...(isSkipping ? { skipping: true } : {}),
    ...(packedSize === undefined ? {} : { packed: packedSize }),
  };
}

/** Reads what `savePosition` wrote; undefined for anything else, whatever it is. */
export function readPosition(saved: unknown): Kept | undefined {
  if (!isRecord(saved)) return undefined;
  const [dev, ino, birthtimeNs] = [saved.dev, saved.ino, saved.birth].map(readBigInt);
  const head = readPrint(saved.head);
  const marker = readPrint(saved.marker);
  const { path, followed, offset, mtime, packed } = saved;
  if (dev === undefined || ino === undefined || birthtimeNs === undefined || typeof path !== 'string') return undefined;
  if (head === undefined || marker === undefined || !isCount(offset) || typeof mtime !== 'number') return undefined;
  const position = {
    path,
    followedPath: typeof followed === 'string' ? followed : path,
    identity: { dev, ino, birthtimeNs },
    offset,
    isSkipping: saved.skipping === true,
    head,
    marker,
    mtimeMs: mtime,
    packedSize: isCount(packed) ? packed : undefined,
  };
  return { position, isLive: saved.done !== true };
}

function readPrint(saved: unknown): Print | undefined {
  if (!Array.isArray(saved)) return undefined;
  const [length, hash]: readonly unknown[] = saved;
  return isCount(length) && typeof hash === 'string' ? { length, hash } : undefined;
}

function readBigInt(saved: unknown): bigint | undefined {
  return typeof saved === 'string' && /^\d{1,20}$/.test(saved) ? BigInt(saved) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
