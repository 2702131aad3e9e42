/** One who waits. */
interface Place<T> {
  readonly who: T;
  readonly rank: number;
  older: Place<T> | undefined;
  newer: Place<T> | undefined;
}

/** The places of one rank, by age. */
interface Row<T> {
  oldest: Place<T> | undefined;
  newest: Place<T> | undefined;
}

/** Those who wait, in the order in which they are served: by rank, 0 before 1, and in a rank by age. */
export interface Waiting<T> {
  readonly size: number;
  add(who: T, rank: number): void;
  /** False where it does not wait. */
  remove(who: T): boolean;
  /** Whose turn is next. */
  first(): T | undefined;
  /** Who has to go where there is no room: the newest of the lowest rank. */
  last(): { readonly who: T; readonly rank: number } | undefined;
  /** All, the oldest first. */
  all(): readonly T[];
}

/** Lists of linked places, so that whoever leaves from the middle costs no walk through the rest. */
export function createWaiting<T>(): Waiting<T> {
  /** Ranks are few: configured priorities. */
  const rows: Row<T>[] = [];
  /** By age. */
  const places = new Map<T, Place<T>>();
  return {
    get size() {
      return places.size;
    },
    add(who, rank) {
      while (rows.length <= rank) rows.push({ oldest: undefined, newest: undefined });
      const row = rows[rank];
      if (row === undefined) return;
      const place: Place<T> = { who, rank, older: row.newest, newer: undefined };
      if (row.newest === undefined) row.oldest = place;
      else row.newest.newer = place;
      row.newest = place;
      places.set(who, place);
    },
    remove(who) {
      const place = places.get(who);
      const row = place && rows[place.rank];
      if (place === undefined || row === undefined) return false;
      places.delete(who);
      if (place.older === undefined) row.oldest = place.newer;
      else place.older.newer = place.newer;
      if (place.newer === undefined) row.newest = place.older;
      else place.newer.older = place.older;
      return true;
    },
    first: () => rows.find(({ oldest }) => oldest !== undefined)?.oldest?.who,
    last: () => rows.findLast(({ newest }) => newest !== undefined)?.newest,
    all: () => [...places.keys()],
  };
}
