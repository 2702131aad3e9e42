import type { Scenario } from './scenario.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** What happens every day and must wake nobody. */
export const QUIET_DAYS: readonly Scenario[] = [
  {
    name: 'restart',
    story: 'One of two exporters loses its counters in a restart, and is not scraped for a minute.',
    stretches: [
      { seconds: HOUR, flows: [{ model: 'm', perSecond: 5, mix: { '503 model_overloaded': 0.005 } }] },
      {
        seconds: MINUTE,
        flows: [{ model: 'm', perSecond: 5, mix: { '503 model_overloaded': 0.005 } }],
        instances: { 1: 'down' },
      },
      {
        seconds: 29 * MINUTE,
        flows: [{ model: 'm', perSecond: 5, mix: { '503 model_overloaded': 0.005 } }],
        instances: { 1: 'restarted' },
      },
    ],
    moments: [
      { seconds: HOUR, firing: [] },
      { seconds: HOUR + 3 * MINUTE, firing: [] },
      { seconds: HOUR + 30 * MINUTE, firing: [] },
    ],
  },
];
