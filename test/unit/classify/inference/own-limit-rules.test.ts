import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type OwnLimit, ownLimit } from '../../../../src/classify/inference/limits/own-limit.ts';
import type { Trial } from '../../../../src/classify/inference/limits/trials.ts';
import { createTrafficCounts } from '../../../../src/classify/inference/traffic-counts.ts';

const BASE_S = 1_000_000;

interface Scene {
  /** When requests were let in, and how many, in seconds. */
  readonly admissions: readonly (readonly [at: number, count: number])[];
  readonly tokens?: readonly (readonly [at: number, count: number])[];
  readonly trials: readonly Trial[];
  readonly at: number;
  readonly usualSeconds: number;
}

function limitIn({ admissions, tokens = [], trials, at, usualSeconds }: Scene): OwnLimit | undefined {
  const counts = createTrafficCounts();
  const toMs = (seconds: number) => (BASE_S + seconds) * 1000;
  counts.moveTo(toMs(-60));
  counts.moveTo(toMs(at));
  for (const [second, count] of admissions) counts.add('admitted', toMs(second), count);
  for (const [second, count] of tokens) counts.add('tokens', toMs(second), count);
  return ownLimit(trials, { counts, timeMs: toMs(at), usualSeconds })?.limit;
}

const every = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
const trial = (outcome: Trial['outcome'], second: number, inFlight: number, bytes = 1000): Trial => ({
  outcome,
  startMs: (BASE_S + second) * 1000,
  inFlight,
  bytes,
});

describe('a concurrency limit', () => {
  const early = every(0, 16, 2).map((second) => trial('admitted', second, 1));
  const inTurns = every(100, 108).flatMap((second) => [
    trial('limited', second, 5),
    ...(second % 2 === 0 ? [trial('admitted', second + 0.5, 1)] : []),
  ]);
  const scene: Scene = {
    admissions: [
      ...every(0, 20).map((second) => [second, 2] as const),
      ...every(100, 108, 2).map((s) => [s, 1] as const),
    ],
    trials: [...early, ...inTurns],
    at: 150,
    usualSeconds: 2,
  };

  test('explains refusals at low rates with more under way than ever was let in', () => {
    assert.equal(limitIn(scene), 'concurrency');
  });

  test('does not when requests are not let in again in between', () => {
    const apart = [
      ...early,
      ...every(100, 108).map((second) => trial('limited', second, 5)),
      trial('admitted', 120, 1),
    ];
    assert.equal(limitIn({ ...scene, trials: apart }), undefined);
  });

  test('does not when the rate of the minute before may explain them', () => {
    assert.equal(limitIn({ ...scene, admissions: [...scene.admissions, [60, 30]] }), undefined);
  });

  test('does not when the rate of the seconds before may explain them', () => {
    assert.equal(limitIn({ ...scene, admissions: [...scene.admissions, [99, 11]] }), undefined);
  });

  test('does not when the tokens used explain them', () => {
    assert.equal(limitIn({ ...scene, tokens: [[95, 10_000]] }), undefined);
  });

  test('does not while it is not yet known what else was let in', () => {
    assert.equal(limitIn({ ...scene, usualSeconds: 60 }), undefined);
  });
});

describe('a limit of requests a minute', () => {
  const letIn = every(0, 30).map((second) => trial('admitted', second, second % 5, 1000 + 250 * second));
  const refused = every(31, 41).map((second) => trial('limited', second, second % 3, 1000));
  const later = trial('admitted', 95, 0);
  const scene: Scene = {
    admissions: every(0, 30).map((second) => [second, 1]),
    // A big answer before, so that the tokens of a minute are not highest when requests are.
    tokens: [[-35, 100_000]],
    trials: [...letIn, ...refused, later],
    at: 150,
    usualSeconds: 2,
  };

  test('explains refusals at the highest rate, of small requests and of those that came alone', () => {
    assert.equal(limitIn(scene), 'requests');
  });

  test('does not when all refusals came while others were under way', () => {
    const busy = refused.map((each) => ({ ...each, inFlight: 3 }));
    assert.equal(limitIn({ ...scene, trials: [...letIn, ...busy, later] }), undefined);
  });

  test('does not when only big requests were refused', () => {
    const big = refused.map((each) => ({ ...each, bytes: 8000 }));
    assert.equal(limitIn({ ...scene, trials: [...letIn, ...big, later] }), undefined);
  });

  test('does not when nothing was let in again', () => {
    assert.equal(limitIn({ ...scene, trials: [...letIn, ...refused] }), undefined);
  });

  test('does not when the rate never was far below it', () => {
    assert.equal(limitIn({ ...scene, trials: [...letIn.slice(20), ...refused, later] }), undefined);
  });

  test('does not when the tokens used rose with the requests', () => {
    const tokens = every(0, 30).map((second) => [second, 1000] as const);
    assert.equal(limitIn({ ...scene, tokens }), undefined);
  });
});
