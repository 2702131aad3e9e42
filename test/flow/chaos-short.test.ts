import { test } from 'node:test';
import { runChaos } from '../support/chaos/chaos.ts';

test('150 clients, every fault and reloads: all is counted once, and nothing is left behind', async (t) => {
  await runChaos(t, {
    ...{ clients: 150, durationMs: 6_000, tokensPerSecond: 20, tokens: 40 },
    ...{ faultMs: 500, reloadEveryMs: 500, quietMs: 1_000 },
  });
});
