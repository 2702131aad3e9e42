import type { Scenario } from './scenario.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const HIT = { provider: 'novita', model: 'deepseek/deepseek-v3.1' } as const;
const WELL = { model: 'qwen/qwen3-32b', perSecond: 2 } as const;

/** Incidents that operators know, and what the pack must say of each. */
export const INCIDENTS: readonly Scenario[] = [
  {
    name: 'surge-protection-on-one-model',
    story: 'For ten minutes 40 % of the requests for one model are refused by surge protection; another model is well.',
    stretches: [
      { seconds: HOUR, flows: [{ ...HIT, perSecond: 5 }, WELL] },
      { seconds: 10 * MINUTE, flows: [{ ...HIT, perSecond: 5, mix: { '503 surge_protection': 0.4 } }, WELL] },
      { seconds: 40 * MINUTE, flows: [{ ...HIT, perSecond: 5 }, WELL] },
    ],
    moments: [
      { seconds: HOUR, firing: [] },
      {
        seconds: HOUR + 8 * MINUTE,
        firing: [
          { alert: 'LLMApi503Spike', severity: 'warning', labels: { ...HIT, code: '503' } },
          { alert: 'LLMApi503SpikeSevere', severity: 'critical', labels: { ...HIT, code: '503' } },
        ],
      },
      { seconds: HOUR + 50 * MINUTE, firing: [] },
    ],
  },
];
