import { type DecodedJournal, decodeJournal } from '../../src/state/journal/decode.ts';
import type { Snapshot } from '../../src/state/snapshot.ts';

/** What a journal must give back, in words that are the same for what was written and what was read. */
export interface Content {
  readonly families: readonly unknown[];
  readonly parts: Readonly<Record<string, unknown>>;
}

export function contentOf({ families, parts }: Snapshot): Content {
  return {
    families: families.map(({ name, family, cells, values, stride }) => ({
      name,
      labels: family.labels,
      buckets: family.buckets,
      series: cells.map(({ labelValues, createdMs, birth }, index) => ({
        labels: labelValues,
        createdMs,
        birth,
        values: [...values.subarray(index * stride, (index + 1) * stride)],
      })),
    })),
    parts: Object.fromEntries([...parts].map(([name, state]) => [name, JSON.parse(state)])),
  };
}

/** The content of a journal, and what is wrong with it. */
export function readContent(bytes: Buffer): Content & Pick<DecodedJournal, 'damage'> {
  const { families, parts, damage } = decodeJournal(bytes);
  return { families, parts, damage };
}
