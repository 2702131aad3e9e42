import type { EventBatch } from '../../../event/event-batch.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import { HEAD, type KnownKind, type Space } from './space.ts';

/** The rows that kernels wrote since they were cleared last. */
export function createBatch(space: Space): EventBatch {
  return new RowsInSpace(space);
}

/** A class: with a getter of its own, an object is kept as a hash table, in which each of the columns is looked up for each row. */
class RowsInSpace implements EventBatch {
  readonly kindOf: Int32Array;
  readonly kinds: EventBatch['kinds'];
  readonly timeMs: Float64Array;
  readonly durationSeconds: Float64Array;
  readonly firstTokenSeconds: Float64Array;
  readonly inputTokens: Float64Array;
  readonly outputTokens: Float64Array;
  readonly #space: Space;

  constructor(space: Space) {
    this.kindOf = space.kindOf;
    this.kinds = space.events;
    this.timeMs = space.timeMs;
    this.durationSeconds = space.durationSeconds;
    this.firstTokenSeconds = space.firstTokenSeconds;
    this.inputTokens = space.inputTokens;
    this.outputTokens = space.outputTokens;
    this.#space = space;
  }

  get length(): number {
    return this.#space.head[HEAD.rows] ?? 0;
  }

  event(index: number): RequestEvent {
    const kind = this.#kindAt(index);
    kind.fill(index);
    return kind.event;
  }

  requestId(index: number): string | undefined {
    return this.#kindAt(index).requestId(this.#space.lineAt[index] ?? 0);
  }

  #kindAt(index: number): KnownKind {
    const { head, kindOf, known } = this.#space;
    const kind = known[kindOf[index] ?? 0];
    // Kinds change only while there are no rows.
    if (kind === undefined) throw new RangeError(`row ${index} of ${head[HEAD.rows]} is of no kind`);
    return kind;
  }
}
