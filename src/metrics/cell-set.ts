import { type LabelSet, toLabelValue } from './text-format.ts';

/** The label value that gathers what a limit kept out. */
export const OTHER = 'other';

/** What every cell knows of itself. */
export interface Cell {
  /** Values in the order of the family's label names. */
  readonly labelValues: readonly string[];
}

/** The cells of one family, found by their labels in time that does not grow with their number. */
export interface CellSet<C extends Cell> extends Iterable<C> {
  readonly size: number;
  /** The cell of these labels, made when it is new. Beyond the limit a new one is that of model "other". */
  at(labels: LabelSet): C;
  /** The same for those who keep it; undefined where the limit keeps these labels out, which counts anew each time. */
  hold(labels: LabelSet): C | undefined;
  remove(labels: LabelSet): void;
  /** The cell of labels that were saved, born when they were; the limit was kept when it was new. */
  restore(labels: LabelSet, born: Born): C;
}

/** When a series began. */
export interface Born {
  /** Position among all births: 1 for the first series of the store. */
  readonly birth: number;
  /** Epoch milliseconds. */
  readonly createdMs: number;
}

/** Whether the series limit applies: the model is the one label that clients write. The rest are closed sets or configured. */
export function isLimited(labelNames: readonly string[]): boolean {
  return labelNames.includes('model');
}

interface Branch<C> {
  /** Absent on a leaf: an empty map each would be most of the memory of 100,000 series. */
  branches: Map<string, Branch<C>> | undefined;
  cell: C | undefined;
}

/**
 * One map per label, nested in table order. A joined string as the key would cost a concatenation on each update, and
 * any separator may stand in a label value: prom-client 15 merges `{a="1,b:2"}` and `{a="1", b="2"}` that way.
 */
export function createCellSet<C extends Cell>({
  labelNames,
  limit,
  make,
  onOverflow,
}: {
  readonly labelNames: readonly string[];
  /** Most cells, where `isLimited`. */
  readonly limit: number;
  readonly make: (labelValues: readonly string[], born?: Born) => C;
  readonly onOverflow: () => void;
}): CellSet<C> {
  const root: Branch<C> = { branches: undefined, cell: undefined };
  const cells = new Set<C>();
  const limited = isLimited(labelNames);

  const find = (labels: LabelSet): C | undefined => {
    let branch: Branch<C> | undefined = root;
    for (const name of labelNames) {
      branch = branch.branches?.get(labels[name] ?? '');
      if (branch === undefined) return undefined;
    }
    return branch.cell;
  };

  const plant = (labels: LabelSet, born?: Born): C => {
    let branch = root;
    for (const name of labelNames) branch = branchAt(branch, labels[name] ?? '');
    branch.cell = make(
      labelNames.map((name) => labels[name] ?? ''),
      born,
    );
    cells.add(branch.cell);
    return branch.cell;
  };

  const hold = (labels: LabelSet): C | undefined => {
    const safe = toSafeLabels(labelNames, labels);
    return find(safe) ?? (!limited || cells.size < limit ? plant(safe) : undefined);
  };

  const overflow = (labels: LabelSet): C => {
    onOverflow();
    const other = { ...toSafeLabels(labelNames, labels), model: OTHER };
    return find(other) ?? plant(other);
  };

  return {
    get size() {
      return cells.size;
    },
    at: (labels) => find(labels) ?? hold(labels) ?? overflow(labels),
    hold,
    remove(labels) {
      const cell = find(toSafeLabels(labelNames, labels));
      if (cell === undefined) return;
      cells.delete(cell);
      prune(root, cell.labelValues);
    },
    restore(labels, born) {
      const safe = toSafeLabels(labelNames, labels);
      return find(safe) ?? plant(safe, born);
    },
    [Symbol.iterator]: () => cells.values(),
  };
}

function branchAt<C>(parent: Branch<C>, value: string): Branch<C> {
  parent.branches ??= new Map();
  const known = parent.branches.get(value);
  if (known !== undefined) return known;
  const branch: Branch<C> = { branches: undefined, cell: undefined };
  parent.branches.set(value, branch);
  return branch;
}

/** Takes the cell out and every branch that is left bare, so that series which come and go leave nothing behind. */
function prune<C>(branch: Branch<C>, [value, ...rest]: readonly string[]): void {
  if (value === undefined) {
    branch.cell = undefined;
    return;
  }
  const child = branch.branches?.get(value);
  if (child === undefined) return;
  prune(child, rest);
  if (child.cell === undefined && !child.branches?.size) branch.branches?.delete(value);
}

function toSafeLabels(labelNames: readonly string[], labels: LabelSet): LabelSet {
  return Object.fromEntries(labelNames.map((name) => [name, toLabelValue(labels[name] ?? '')]));
}
