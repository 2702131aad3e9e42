import type { SavedFamily, SavedSeries } from '../../metrics/restore.ts';

/** What the transactions of a journal add up to. */
export interface SavedContent {
  readonly families: readonly SavedFamily[];
  readonly parts: Readonly<Record<string, unknown>>;
  /** Takes a line up to the next `commit`; false when it is none of ours, and then nothing after it may be read. */
  read(line: string): boolean;
  /** Puts what was read since the last one into force. */
  commit(): void;
}

type Fields = Readonly<Record<string, unknown>>;
type Change = () => void;
type FamilyInReading = Omit<SavedFamily, 'series'> & { readonly series: SavedSeries[] };

/** Reads the lines that `encode.ts` writes. A line is checked against those before it at once, and changes something only at the commit. */
export function createSavedContent(): SavedContent {
  const families: FamilyInReading[] = [];
  const parts: Record<string, unknown> = {};
  /** Series of each family, those not committed yet included: what a line may speak of. */
  const sizes: number[] = [];
  let pending: Change[] = [];

  const readers: Readonly<Record<string, (fields: Fields) => Change | undefined>> = {
    family({ family, name, labels, buckets }) {
      if (family !== sizes.length || typeof name !== 'string' || !isStrings(labels)) return undefined;
      if (buckets !== undefined && !isNumbers(buckets)) return undefined;
      sizes.push(0);
      return () => families.push({ name, labels, buckets, series: [] });
    },
    series({ series: at, labels, createdMs, birth, values }) {
      const size = typeof at === 'number' ? sizes[at] : undefined;
      if (typeof at !== 'number' || size === undefined || !isStrings(labels) || !isNumbers(values)) return undefined;
      if (typeof createdMs !== 'number' || typeof birth !== 'number') return undefined;
      sizes[at] = size + 1;
      return () => families[at]?.series.push({ labels, createdMs, birth, values });
    },
    values({ values: at, set }) {
      const size = typeof at === 'number' ? sizes[at] : undefined;
      if (typeof at !== 'number' || size === undefined || !Array.isArray(set)) return undefined;
      const changes: unknown[] = set;
      if (!changes.every((change) => isNumbers(change) && (change[0] ?? size) < size)) return undefined;
      return () => {
        // Safe: every one was just seen to be an array of numbers.
        for (const [position = 0, ...values] of changes as number[][]) {
          const series = families[at]?.series ?? [];
          const before = series[position];
          if (before !== undefined) series[position] = { ...before, values };
        }
      };
    },
    part({ part, state }) {
      if (typeof part !== 'string') return undefined;
      return () => {
        parts[part] = state;
      };
    },
  };

  return {
    families,
    parts,
    read(line) {
      const fields = parseObject(line);
      const [kind = ''] = Object.keys(fields);
      const change = Object.hasOwn(readers, kind) ? readers[kind]?.(fields) : undefined;
      if (change === undefined) return false;
      pending.push(change);
      return true;
    },
    commit() {
      for (const change of pending) change();
      pending = [];
    },
  };
}

function parseObject(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    // Safe: any object can be asked for any field, and what it holds is unknown.
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
