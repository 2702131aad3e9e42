import type { Scenario } from './scenario.ts';
import type { Flow } from './traffic.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const busy: Flow = {
  model: 'deepseek/deepseek-v3.1',
  perSecond: 5,
  seconds: 4,
  mix: { '503 model_overloaded': 0.003 },
};

/** What happens every day and must wake nobody. */
export const QUIET_DAYS: readonly Scenario[] = [
  {
    name: 'one-failure-an-hour',
    story: 'A model with a handful of requests fails one of them each hour.',
    stretches: Array.from({ length: 3 }, () => [
      { seconds: 59 * MINUTE, flows: [{ model: 'm', perSecond: 4 / HOUR }] },
      { seconds: MINUTE, flows: [{ model: 'm', perSecond: 1 / MINUTE, mix: { '503 model_overloaded': 1 } as const }] },
    ]).flat(),
    moments: quietMoments(3 * HOUR),
  },
  {
    name: 'clients-leave',
    story: 'A third of the callers leave before the answer is complete.',
    stretches: [{ seconds: HOUR, flows: [{ ...busy, mix: { '499 client_aborted': 0.3 } }] }],
    moments: quietMoments(HOUR),
  },
  {
    name: 'one-client-with-a-wrong-key',
    story: 'One caller of many tries again and again with a wrong key: three times a minute.',
    stretches: [{ seconds: HOUR, flows: [{ ...busy, mix: { '401 auth_invalid_key': 0.01 } }] }],
    moments: quietMoments(HOUR),
  },
  {
    name: 'deploy',
    story: 'A rolling deploy takes each of two exporters away for two minutes, one after the other.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: 2 * MINUTE, flows: [busy], instances: { 0: 'gone' } },
      { seconds: 2 * MINUTE, flows: [busy], instances: { 0: 'restarted', 1: 'gone' } },
      { seconds: 40 * MINUTE, flows: [busy], instances: { 1: 'restarted' } },
    ],
    moments: quietMoments(HOUR + 44 * MINUTE),
  },
  {
    name: 'restart',
    story: 'One of two exporters loses its counters in a restart, and is not scraped for a minute.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: MINUTE, flows: [busy], instances: { 1: 'down' } },
      { seconds: 29 * MINUTE, flows: [busy], instances: { 1: 'restarted' } },
    ],
    moments: quietMoments(HOUR + 30 * MINUTE),
  },
  {
    name: 'missed-scrapes',
    story: 'Every third scrape fails, on a healthy service.',
    stretches: [{ seconds: HOUR, flows: [busy], missEvery: 3 }],
    moments: quietMoments(HOUR),
  },
  {
    name: 'new-model',
    story: 'A model is used for the first time, and its very first answers are errors.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      { seconds: MINUTE, flows: [busy, { model: 'new', perSecond: 4 / MINUTE, mix: { '503 model_loading': 1 } }] },
      { seconds: 30 * MINUTE, flows: [busy, { model: 'new', perSecond: 2 }] },
    ],
    moments: quietMoments(HOUR + 30 * MINUTE),
  },
  {
    name: 'nobody-asks',
    story: 'At night nobody sends anything for an hour and a half, on a service that is used a little.',
    stretches: [
      { seconds: HOUR, flows: [{ model: 'm', perSecond: 10 / HOUR }] },
      { seconds: 90 * MINUTE, flows: [{ model: 'm', perSecond: 0 }] },
      { seconds: 30 * MINUTE, flows: [{ model: 'm', perSecond: 10 / HOUR }] },
    ],
    moments: quietMoments(3 * HOUR),
  },
  {
    name: 'batch-work-is-shed',
    story:
      'A batch job adds a quarter to the traffic for four minutes, and the throttle of the exporter refuses it, as it was told to.',
    stretches: [
      { seconds: HOUR, flows: [busy] },
      {
        seconds: 4 * MINUTE,
        flows: [{ ...busy, perSecond: 1.25 * busy.perSecond, mix: { '503 shed_by_exporter': 0.2 } }],
      },
      { seconds: 26 * MINUTE, flows: [busy] },
    ],
    moments: quietMoments(HOUR + 30 * MINUTE),
  },
];

/** Looked at every five minutes: an alert that fires is kept for as long at least, so none slips through between. */
function quietMoments(seconds: number) {
  const step = 5 * MINUTE;
  return Array.from({ length: Math.floor(seconds / step) }, (_, index) => ({
    seconds: (index + 1) * step,
    firing: [],
  }));
}
