import type { Log } from '../../../log.ts';

/** Runs what only watches: whatever it throws is caught, so that the request goes on. */
export type Guard = <T>(kind: string, fallback: T, watch: () => T) => T;

/** A guard that tells of each kind of fault once; a fault that comes with every chunk must not fill the log. */
export function createGuard(log: Log): Guard {
  const told = new Set<string>();
  return (kind, fallback, watch) => {
    try {
      return watch();
    } catch (err) {
      if (!told.has(kind)) {
        told.add(kind);
        log.error('watching failed, the request goes on; further faults of this kind are not logged', { kind, err });
      }
      return fallback;
    }
  };
}
