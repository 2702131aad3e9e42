import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BARE_500, BARE_503, type Played, replay, steady } from './replay.ts';

const MODELS = ['a', 'b', 'c', 'd'];

const ofAll = (models: readonly string[], span: Parameters<typeof steady>[0], fields: Partial<Played> = {}) =>
  models.flatMap((model) => steady(span, { ...fields, model }));

const CALM = ofAll(MODELS, { from: 0, to: 300, everySeconds: 5 });

function causesIn(all: readonly Played[]): ReadonlySet<string> {
  return new Set(replay(all).map(({ cause }) => cause));
}

describe('models that fail without a reason', () => {
  for (const bare of [BARE_500, BARE_503]) {
    test(`point to what lies behind them when they do so together (${bare.code})`, () => {
      const outage = ofAll(['a', 'b', 'c'], { from: 300, to: 330, everySeconds: 3 }, { ...bare, durationSeconds: 1 });
      const seen = replay([...CALM, ...outage]);
      assert.deepEqual(seen.at(-1), {
        cause: 'downstream_dependency_failure',
        basis: 'timing',
        rule: 'models_fail_together',
      });
    });
  }

  test('do so also where every request is tried again', () => {
    const failing = { ...BARE_503, durationSeconds: 1 };
    const tries = [1, 2, 3].flatMap((attempt) =>
      ofAll(
        ['a', 'b', 'c'],
        { from: 300 + 2 * attempt, to: 330, everySeconds: 10 },
        { ...failing, attempt, final: attempt === 3 },
      ),
    );
    assert.equal(replay([...CALM, ...tries]).at(-1)?.cause, 'downstream_dependency_failure');
  });

  test('do so also where each is left for a fallback that works', () => {
    const failing = { ...BARE_500, durationSeconds: 1, final: false, attempt: 1 };
    const left = ofAll(['a', 'b', 'c'], { from: 300, to: 330, everySeconds: 3 }, failing);
    const instead = ofAll(['a', 'b', 'c'], { from: 301, to: 331, everySeconds: 3 }, { provider: 'other', attempt: 2 });
    const seen = replay([...CALM, ...left, ...instead]);
    assert.equal(seen.at(CALM.length + left.length - 1)?.cause, 'downstream_dependency_failure');
  });

  test('do not when the others say that they are overloaded', () => {
    const busy = { code: 503, body: '{"error":{"message":"The model is overloaded"}}', durationSeconds: 1 };
    const overload = ofAll(['a', 'b', 'c'], { from: 300, to: 330, everySeconds: 3 }, busy);
    const bare = ofAll(['d'], { from: 300, to: 330, everySeconds: 3 }, { ...BARE_503, durationSeconds: 1 });
    assert.deepEqual(
      causesIn([...CALM, ...overload, ...bare]),
      new Set(['none', 'model_overloaded', 'service_unavailable']),
    );
  });

  test('do not when they are two', () => {
    const outage = ofAll(['a', 'b'], { from: 300, to: 330, everySeconds: 3 }, { ...BARE_500, durationSeconds: 1 });
    assert.deepEqual(causesIn([...CALM, ...outage]), new Set(['none', 'internal_error']));
  });

  test('do not when each fails once or twice', () => {
    const outage = ofAll(MODELS, { from: 300, to: 304, everySeconds: 2 }, { ...BARE_500, durationSeconds: 1 });
    assert.deepEqual(causesIn([...CALM, ...outage]), new Set(['none', 'internal_error']));
  });

  test('do not when each broke at a time of its own', () => {
    const outage = ['a', 'b', 'c'].flatMap((model, index) =>
      steady({ from: 300 + index * 60, to: 480, everySeconds: 3 }, { ...BARE_500, durationSeconds: 1, model }),
    );
    assert.deepEqual(causesIn([...CALM, ...outage]), new Set(['none', 'internal_error']));
  });

  test('do not when they fail now and then, as they always do', () => {
    const some = ofAll(MODELS, { from: 0, to: 300, everySeconds: 15 }, { ...BARE_500, durationSeconds: 1 });
    assert.deepEqual(causesIn([...CALM, ...some]), new Set(['none', 'internal_error']));
  });

  test('do not while traffic rises', () => {
    const rising = ofAll(MODELS, { from: 300, to: 325, everySeconds: 0.5 });
    const outage = ofAll(MODELS, { from: 310, to: 325, everySeconds: 1 }, { ...BARE_500, durationSeconds: 2 });
    assert.deepEqual(causesIn([...CALM, ...rising, ...outage]), new Set(['none', 'internal_error']));
  });

  test('do not when too little is known of the traffic before', () => {
    const first = ofAll(MODELS, { from: 0, to: 20, everySeconds: 5 });
    const outage = ofAll(MODELS, { from: 20, to: 50, everySeconds: 3 }, { ...BARE_500, durationSeconds: 1 });
    assert.deepEqual(causesIn([...first, ...outage]), new Set(['none', 'internal_error']));
  });

  test('do not when the names never worked', () => {
    const unknown = ofAll(
      ['x', 'y', 'z'],
      { from: 300, to: 330, everySeconds: 3 },
      { ...BARE_500, durationSeconds: 1 },
    );
    assert.deepEqual(causesIn([...CALM, ...unknown]), new Set(['none', 'internal_error']));
  });

  test('do not when they are models of different providers', () => {
    const providers = ['p', 'q', 'r'].flatMap((provider) => [
      ...steady({ from: 0, to: 300, everySeconds: 5 }, { provider }),
      ...steady({ from: 300, to: 330, everySeconds: 3 }, { ...BARE_500, durationSeconds: 1, provider }),
    ]);
    assert.deepEqual(causesIn(providers), new Set(['none', 'internal_error']));
  });
});

describe('a model that fails without a reason', () => {
  /** Every ten seconds a burst of requests, of which those after the first `room` get `refused`. */
  const bursts = (room: number, refused: Partial<Played>, rest: Partial<Played> = {}): readonly Played[] =>
    Array.from({ length: 60 }, (_, index) => {
      const inFlight = index % 6;
      const fields = inFlight < room ? {} : refused;
      return { ...rest, inFlight, ...fields, at: Math.floor(index / 6) * 10 + inFlight * 0.1 };
    });

  test('is overloaded when it fails only above some number of requests at once', () => {
    const seen = replay(bursts(4, { ...BARE_503, durationSeconds: 2 }));
    assert.deepEqual(seen.at(-1), { cause: 'model_overloaded', basis: 'timing', rule: 'fails_under_load' });
    assert.equal(replay(bursts(4, { ...BARE_500, durationSeconds: 2 })).at(-1)?.cause, 'model_overloaded');
  });

  test('is not when others fail that came alone', () => {
    const alone = steady({ from: 5, to: 100, everySeconds: 30 }, { ...BARE_503, inFlight: 0 });
    assert.deepEqual(causesIn([...bursts(4, { ...BARE_503 }), ...alone]), new Set(['none', 'service_unavailable']));
  });

  test('is not when the failed request came alone, whatever was seen before', () => {
    const alone = { ...BARE_503, at: 97, inFlight: 0 };
    assert.equal(replay([...bursts(4, { ...BARE_503 }), alone]).at(-1)?.cause, 'service_unavailable');
  });

  test('is not when an outage lets requests pile up', () => {
    const before = steady({ from: 0, to: 60, everySeconds: 1 }, { inFlight: 1 });
    const outage = steady({ from: 60, to: 100, everySeconds: 1 }, { ...BARE_503, durationSeconds: 10, inFlight: 10 });
    assert.deepEqual(causesIn([...before, ...outage]), new Set(['none', 'service_unavailable']));
  });

  test('is not where nobody counts what is in flight', () => {
    const uncounted = bursts(4, { ...BARE_503 }).map(({ inFlight: _, ...played }) => played);
    assert.deepEqual(causesIn(uncounted), new Set(['none', 'service_unavailable']));
  });
});
