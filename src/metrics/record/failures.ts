import type { Basis, Cause } from '../../classify/causes.ts';
import { isRequestId } from '../exemplars.ts';

/** One failed request as the status page tells it: labels and evidence, never a message. */
export interface Failure {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  /** Label values, as in the metrics. */
  readonly provider: string;
  readonly model: string;
  readonly code: number;
  readonly cause: Cause;
  readonly basis: Basis;
  /** Id of the catalogue's rule that decided. */
  readonly rule: string;
  readonly requestId?: string | undefined;
}

export interface FailureLog {
  /** The id may be of any form, if it is short: it is looked at when the list is asked for, as of most failures nobody asks. */
  add(failure: Failure): void;
  /** Newest first. */
  list(): readonly Failure[];
}

const RECENT = 50;
const RECENT_PER_CAUSE = 3;

/**
 * The newest failures, and the newest of each cause however long ago: a storm of one cause must not wash away the one
 * odd failure before it (blackbox_exporter keeps failed probes longer for the same reason).
 */
export function createFailureLog(): FailureLog {
  const recent = createRing(RECENT);
  const byCause = new Map<Cause, Ring>();
  return {
    add(failure) {
      recent.add(failure);
      let ofCause = byCause.get(failure.cause);
      if (ofCause === undefined) {
        ofCause = createRing(RECENT_PER_CAUSE);
        byCause.set(failure.cause, ofCause);
      }
      ofCause.add(failure);
    },
    list() {
      const ofCauses = Array.from(byCause.values(), (ring) => ring.list()).flat();
      const kept = [...new Set([...recent.list(), ...ofCauses])];
      return kept.map(withoutOddId).sort((a, b) => b.timeMs - a.timeMs);
    },
  };
}

/** Ids are for looking a request up in a log; one of another form is not worth the risk of what it holds. */
function withoutOddId(failure: Failure): Failure {
  const { requestId } = failure;
  return requestId === undefined || isRequestId(requestId) ? failure : { ...failure, requestId: undefined };
}

interface Ring {
  add(failure: Failure): void;
  /** Oldest first. */
  list(): readonly Failure[];
}

/** The newest failures, each put in the place of the oldest, so that a storm of them moves nothing. */
function createRing(limit: number): Ring {
  const failures: Failure[] = [];
  let next = 0;
  return {
    add(failure: Failure) {
      failures[next] = failure;
      next = next + 1 === limit ? 0 : next + 1;
    },
    list: () => [...failures.slice(next), ...failures.slice(0, next)],
  };
}
