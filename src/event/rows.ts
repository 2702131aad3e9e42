/** Some rows of a batch, in their order: the first, and behind each the next one; below 0 there is none. */
export interface RowList {
  first: number;
  last: number;
}

/** Puts a row behind the others of a list. `next` may be shared by lists that have no row in common. */
export function append(list: RowList, next: Int32Array, row: number): void {
  if (list.first < 0) list.first = row;
  else next[list.last] = row;
  next[row] = -1;
  list.last = row;
}

export function clear(list: RowList): void {
  list.first = -1;
}

export function newList(): RowList {
  return { first: -1, last: -1 };
}
