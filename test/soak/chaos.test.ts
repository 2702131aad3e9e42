import { test } from 'node:test';
import { runChaos } from '../support/chaos/chaos.ts';

const MINUTES = Number(process.env.CHAOS_MINUTES ?? 10);

test(`2,000 streams for ${MINUTES} minutes: all is counted once, and nothing is left behind`, async (t) => {
  await runChaos(t, {
    ...{ clients: 2_000, durationMs: MINUTES * 60_000, tokensPerSecond: 5, tokens: 60 },
    ...{ faultMs: 3_000, reloadEveryMs: 2_000, quietMs: 20_000 },
  });
});
