import type { Cut } from '../../src/metrics/cut.ts';
import type { SavedFamily } from '../../src/metrics/restore.ts';

/** What a state would keep of a cut, through JSON and back. */
export function saveFamilies({ families }: Cut): readonly SavedFamily[] {
  const saved = families
    .filter(({ family }) => family.type !== 'gauge')
    .map(({ name, family, cells, values, stride }) => ({
      name,
      labels: family.labels,
      buckets: family.buckets,
      series: cells.map(({ labelValues, birth, createdMs }, index) => ({
        ...{ labels: labelValues, birth, createdMs },
        values: [...values.subarray(index * stride, (index + 1) * stride)],
      })),
    }));
  // Safe: JSON gives back what it was given, which has no value that it does not know.
  return JSON.parse(JSON.stringify(saved)) as readonly SavedFamily[];
}
