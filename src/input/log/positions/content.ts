import type { Descriptor } from '../follow/descriptor.ts';
import { type Print, printOf } from '../follow/fingerprint.ts';
import type { Position } from './position.ts';

/** Whether a file holds all that was read up to a position, as far as its prints can tell. Throws file system errors. */
export function holdsAll(file: Descriptor, { head, marker, offset }: Position): boolean {
  return head.length > 0 && hasPrint(file, 0, head) && hasPrint(file, offset - marker.length, marker);
}

/**
 * Whether a file begins like one that was read further than it is long. Whether it goes on like that one cannot be told: of what was read
 * only the beginning and the end are known. So this proves something only of a file that must be a copy by all else that is known.
 */
export function isShortCopy(file: Descriptor, { head, offset }: Position): boolean {
  return file.stat().size < offset && head.length > 0 && hasPrint(file, 0, head);
}

function hasPrint(file: Descriptor, at: number, { length, hash }: Print): boolean {
  return printOf(file.bytesAt(at, length)).hash === hash;
}
