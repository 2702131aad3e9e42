import type { EventBatch } from '../../../event/event-batch.ts';
import { HEAD, type Space } from './space.ts';

/** The rows that kernels wrote since they were cleared last. */
export function createBatch(space: Space): EventBatch {
  const { head, kindOf, lineAt, known } = space;
  const kindAt = (index: number) => {
    const kind = known[kindOf[index] ?? 0];
    // Kinds change only while there are no rows.
    if (kind === undefined) throw new RangeError(`row ${index} of ${head[HEAD.rows]} is of no kind`);
    return kind;
  };
  return {
    get length() {
      return head[HEAD.rows] ?? 0;
    },
    kindOf,
    kinds: space.events,
    timeMs: space.timeMs,
    durationSeconds: space.durationSeconds,
    firstTokenSeconds: space.firstTokenSeconds,
    inputTokens: space.inputTokens,
    outputTokens: space.outputTokens,
    event(index) {
      const kind = kindAt(index);
      kind.fill(index);
      return kind.event;
    },
    requestId: (index) => kindAt(index).requestId(lineAt[index] ?? 0),
  };
}
