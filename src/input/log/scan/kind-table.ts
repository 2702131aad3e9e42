import { HEAD, KIND, KIND_BYTES, type KnownKind, type Space, WAYS } from './space.ts';

/** Integers of a kind. */
const WIDTH = KIND_BYTES / 4;

/** What is known of the kind of the line that was followed last. Changes only while no row waits to be taken. */
export interface KindTable {
  readonly isKnown: boolean;
  readonly verdict: number | undefined;
  /** Where the verdict is that it is an event. */
  readonly kind: KnownKind | undefined;
  keep(verdict: number, kind?: KnownKind): void;
}

/** The kinds of lines of one shape, in the table in which kernels find them by the ids of their choices. */
export function createKindTable({ head, kinds, ids, known, events }: Space, shape: number, choices: number): KindTable {
  let kept = 0;
  const number = () => head[HEAD.kind] ?? 0;
  return {
    get isKnown() {
      return head[HEAD.isKnown] === 1;
    },
    get verdict() {
      return kinds[number() * WIDTH + KIND.verdict];
    },
    get kind() {
      return known[number()];
    },
    keep(verdict, kind) {
      const places = Array.from({ length: WAYS }, (_, way) => number() ^ way);
      kept += 1;
      // Where nothing stands, or in place of another.
      const place = places.find((one) => kinds[one * WIDTH + KIND.shape] === 0) ?? places[kept % WAYS] ?? 0;
      known[place] = kind;
      events[place] = kind?.event;
      const at = place * WIDTH;
      kinds[at + KIND.verdict] = verdict;
      kinds[at + KIND.shape] = shape;
      kinds[at + KIND.blanks] = head[HEAD.blanks] ?? 0;
      kinds.set(ids.subarray(0, choices), at + KIND.ids);
      head[HEAD.kind] = place;
      head[HEAD.isKnown] = 1;
    },
  };
}
