import type { Descriptor } from '../follow/descriptor.ts';
import { NO_PRINT, PRINT_BYTES, printOf, Trail } from '../follow/fingerprint.ts';
import { errorCode } from '../path-look.ts';
import type { LogPositions } from '../positions/log-positions.ts';
import type { ReadFile } from '../positions/open-files.ts';
import type { Kept } from '../positions/position.ts';
import { isUnexpectedEnd, unpack } from './unpack.ts';

/** What a packed file turned out to hold. */
export type PackedMatch =
  /** A file that was read before, up to this position. */
  | { readonly kind: 'known'; readonly kept: Kept }
  | { readonly kind: 'new' }
  /** What is being read from another file now. */
  | { readonly kind: 'copy' }
  /** A log was cut of which it may be a copy, and its reader did not notice yet: then there is a position more. */
  | { readonly kind: 'unsettled' }
  /** It ends too early to tell. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'corrupt'; readonly code: string };

/**
 * Compares what is packed in a file with all positions. It unpacks no further than the last place that could be one, so a file of which
 * not even the beginning is known costs next to nothing. Never rejects.
 */
export async function matchPacked(
  file: Descriptor,
  positions: LogPositions,
  cut: Kept | undefined,
): Promise<PackedMatch> {
  const suspects = new Suspects(file.path, positions, cut);
  try {
    for await (const chunk of unpack(file)) {
      // Streams of node:zlib give Buffers unless told otherwise.
      suspects.pass(chunk as Buffer);
      if (suspects.isDecided) break;
    }
    // An empty file is one whose first bytes are still to come.
    if (suspects.isDecided || file.stat().size > 0) return suspects.verdict();
    return { kind: 'unfinished' };
  } catch (error) {
    const code = errorCode(error);
    return isUnexpectedEnd(code) ? { kind: 'unfinished' } : { kind: 'corrupt', code };
  }
}

/** The positions and open files that the bytes which go by may belong to. */
class Suspects {
  readonly #path: string;
  readonly #positions: LogPositions;
  readonly #cut: Kept | undefined;
  /** Asked for with the first bytes: until then a log may still be found to have been cut. */
  #kept: readonly Kept[] | undefined;
  #open: readonly ReadFile[] = [];
  readonly #trail = new Trail();
  readonly #markers = new Map([[0, NO_PRINT]]);
  #hasHead = false;

  constructor(path: string, positions: LogPositions, cut: Kept | undefined) {
    this.#path = path;
    this.#positions = positions;
    this.#cut = cut;
  }

  /** Nothing that comes can change the verdict. */
  get isDecided(): boolean {
    const isPassed = ({ position }: Kept) => position.offset <= this.#trail.end;
    return this.#hasHead && this.#open.length === 0 && this.#suspected().every(isPassed);
  }

  pass(chunk: Buffer): void {
    let from = 0;
    for (const place of this.#placesUpTo(this.#trail.end + chunk.length)) {
      const to = from + place - this.#trail.end;
      this.#trail.pass(chunk.subarray(from, to), 0);
      this.#markers.set(place, this.#trail.marker);
      from = to;
    }
    this.#trail.pass(chunk.subarray(from), 0);
    if (!this.#hasHead && this.#trail.end >= PRINT_BYTES) this.#compareHeads();
  }

  verdict(): PackedMatch {
    this.#compareHeads();
    const { tail, end } = this.#trail;
    if (this.#open.some((file) => file.isCut())) return { kind: 'unsettled' };
    if (this.#open.some((file) => file.bytesAt(end - tail.length, tail.length).equals(tail))) {
      return { kind: 'copy' };
    }
    const suspected = this.#suspected();
    const [kept] = suspected
      .filter(({ position }) => this.#markers.get(position.offset)?.hash === position.marker.hash)
      .sort((a, b) => b.position.offset - a.position.offset);
    if (kept !== undefined) return { kind: 'known', kept };
    return { kind: suspected.some((one) => one === this.#cut && one.position.offset > end) ? 'copy' : 'new' };
  }

  #suspected(): readonly Kept[] {
    this.#kept ??= this.#positions.provable(this.#path).filter(({ position }) => position.head.length > 0);
    return this.#kept;
  }

  #placesUpTo(end: number): readonly number[] {
    const places = this.#suspected()
      .map(({ position }) => position.offset)
      .filter((at) => at > this.#trail.end && at <= end);
    return [...new Set(places)].sort((a, b) => a - b);
  }

  #compareHeads(): void {
    this.#hasHead = true;
    const head = this.#trail.headBytes;
    this.#kept = this.#suspected().filter(({ position }) => {
      const { length, hash } = position.head;
      return length <= head.length && printOf(head.subarray(0, length)).hash === hash;
    });
    // Only those that are open at this moment may be touched: the number of a closed one may be that of another file.
    const relatives = this.#positions.open.relatives(this.#path);
    this.#open = relatives.filter((file) => file.isCut() || file.bytesAt(0, head.length).equals(head));
  }
}
