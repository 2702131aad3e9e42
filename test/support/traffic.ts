import type { TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { startTraffic as start, type Traffic, type TrafficOptions } from '../../src/demo/traffic.ts';

/** A steady load of chat requests until the test ends. */
export function startTraffic(t: TestContext, options: Omit<TrafficOptions, 'clock'>): Traffic {
  const traffic = start({ ...options, clock: systemClock });
  t.after(() => traffic.stop());
  return traffic;
}
