import type { Clock } from '../../../clock.ts';
import type { RejectReason } from '../../../event/sink.ts';

/** What some rejected lines of a source looked like. */
export interface RejectedShape {
  readonly reason: RejectReason;
  /** Nothing of what they said. */
  readonly shape: string;
  /** Lines seen with it, of those that were looked at: in a flood that is a sample. */
  readonly seen: number;
  /** Epoch milliseconds. */
  readonly lastMs: number;
}

export interface RejectedShapes {
  /** Asks for the shape, unless enough were asked for lately. */
  note(reason: RejectReason, shape: () => string): void;
  /** Lets more be asked for when it is time; called for every chunk, so that a line needs no look at the clock. */
  refill(): void;
  /** Last seen first. */
  list(): readonly RejectedShape[];
}

/** A log of nothing but rejects must cost no more than others: of each reason so many are looked at first, and so many a second later on. */
const LOOKS_AT_FIRST = 100;
const LOOKS_PER_SECOND = 5;
/** Of each reason those seen last are kept. */
const KEPT_PER_REASON = 5;

/** The rejects of one reason. A storm of one reason neither washes away the one odd line of another nor uses up its looks. */
interface OfReason {
  looks: number;
  readonly shapes: Map<string, RejectedShape>;
}

/** Keeps the distinct shapes of one source's rejected lines: bounded, and the same work however many come. */
export function createRejectedShapes(clock: Clock): RejectedShapes {
  const byReason = new Map<RejectReason, OfReason>();
  let refilledMs = clock.elapsedMs();
  return {
    note(reason, shape) {
      const known = byReason.get(reason);
      if (known?.looks === 0) return;
      const ofReason = known ?? { looks: LOOKS_AT_FIRST, shapes: new Map() };
      if (known === undefined) byReason.set(reason, ofReason);
      ofReason.looks -= 1;
      keep(ofReason.shapes, { reason, shape: shape(), seen: 1, lastMs: clock.nowMs() });
    },
    refill() {
      if (byReason.size === 0 || clock.elapsedMs() < refilledMs + 1_000) return;
      refilledMs = clock.elapsedMs();
      for (const ofReason of byReason.values()) ofReason.looks = Math.max(ofReason.looks, LOOKS_PER_SECOND);
    },
    list: () =>
      [...byReason.values()].flatMap(({ shapes }) => [...shapes.values()]).sort((a, b) => b.lastMs - a.lastMs),
  };
}

/** The map is in order of the last sight, so its first is the one to let go. */
function keep(shapes: Map<string, RejectedShape>, found: RejectedShape): void {
  const seen = (shapes.get(found.shape)?.seen ?? 0) + found.seen;
  shapes.delete(found.shape);
  shapes.set(found.shape, { ...found, seen });
  const [oldest] = shapes.keys();
  if (shapes.size > KEPT_PER_REASON && oldest !== undefined) shapes.delete(oldest);
}
