import { crc32 } from 'node:zlib';
import type { SavedFamily } from '../../metrics/restore.ts';
import { HEADER, parseCommit } from './commit-line.ts';
import { createSavedContent } from './saved-content.ts';

/** What the bytes of a journal say. */
export interface DecodedJournal {
  /** As of the last commit that holds: values and parts of one moment, whatever comes after it. */
  readonly families: readonly SavedFamily[];
  readonly parts: Readonly<Record<string, unknown>>;
  /** What made the rest unreadable; undefined when all of it was read, or the last write was cut short. */
  readonly damage: string | undefined;
}

interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Has its newline. */
  readonly whole: boolean;
}

/**
 * Reads a journal up to its last good commit. Never throws.
 *
 * A process that dies in the middle of a write leaves a beginning of that write: whole lines, then at most one half line, and no commit.
 * Nothing of it was ever shown, since a scrape is answered after the commit, so it is passed over without a word. All else that cannot
 * be read is damage: a line that is whole but not ours, a checksum that does not hold, a file without any commit (we rename a file to its
 * name only after its first). When the power fails, the pages of the last write may come back in any mix; that may show as damage, too.
 */
export function decodeJournal(bytes: Buffer): DecodedJournal {
  const content = createSavedContent();
  const damage = bytes.toString('latin1', 0, HEADER.length) === HEADER ? readLines() : describeStranger(bytes);
  return { families: content.families, parts: content.parts, damage };

  function readLines(): string | undefined {
    let crc = 0;
    let checked = 0;
    let commits = 0;
    let lines = 1;
    for (const { text, start, end, whole } of linesOf(bytes, HEADER.length)) {
      lines += 1;
      const commit = parseCommit(text, whole);
      if (commit === undefined) {
        if (!whole) break;
        if (!content.read(text)) return `line ${lines} is not of this format`;
        continue;
      }
      crc = crc32(bytes.subarray(checked, start), crc);
      if (commit.crc !== crc || commit.number !== commits + 1) return `the checksum in line ${lines} does not hold`;
      content.commit();
      commits += 1;
      crc = crc32(bytes.subarray(start, end), crc);
      checked = end;
    }
    return commits === 0 ? 'no write is complete' : undefined;
  }
}

function* linesOf(bytes: Buffer, from: number): Generator<Line, void, undefined> {
  for (let start = from; start < bytes.length; ) {
    const newline = bytes.indexOf('\n', start);
    const whole = newline !== -1;
    const textEnd = whole ? newline : bytes.length;
    const end = whole ? newline + 1 : bytes.length;
    yield { text: bytes.toString('utf8', start, textEnd), start, end, whole };
    start = end;
  }
}

function describeStranger(bytes: Buffer): string {
  if (bytes.length === 0) return 'the file is empty';
  // What a file system shows after a power failure of a file whose length it had written, but not its content.
  if (bytes.every((byte) => byte === 0)) return 'the file holds nothing but NUL bytes';
  const version = /^\{"llm-exporter":"state","version":(\d{1,9})\}\n/.exec(bytes.toString('latin1', 0, 64))?.[1];
  if (version !== undefined) return `it has version ${version}, this llm-exporter reads version 1`;
  return 'it is no state of llm-exporter';
}
