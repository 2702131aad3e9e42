import type { Basis, Cause } from '../../classify/causes.ts';

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
  const recent: Failure[] = [];
  const byCause = new Map<Cause, Failure[]>();
  return {
    add(failure) {
      keep(recent, failure, RECENT);
      const ofCause = byCause.get(failure.cause) ?? [];
      byCause.set(failure.cause, ofCause);
      keep(ofCause, failure, RECENT_PER_CAUSE);
    },
    list: () => [...new Set([...recent, ...[...byCause.values()].flat()])].sort((a, b) => b.timeMs - a.timeMs),
  };
}

function keep(failures: Failure[], failure: Failure, limit: number): void {
  failures.push(failure);
  if (failures.length > limit) failures.shift();
}
