import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BARE_429, BARE_503, BARE_504, createReplay, type Played, replay, steady } from './replay.ts';

/** Timeouts a minute or more apart, at the given seconds. */
const timeouts = (seconds: readonly number[], fields: Partial<Played> = {}): readonly Played[] =>
  seconds.map((durationSeconds, index) => ({ ...BARE_504, ...fields, at: index * 60, durationSeconds }));

const causesOf = (all: readonly Played[]) => replay(all).map(({ cause }) => cause);

describe('the gateway timeout', () => {
  for (const limit of [29, 30, 60, 100, 120, 125, 300, 600]) {
    test(`of ${limit} s is learned from four timeouts`, () => {
      const seen = causesOf(timeouts([limit + 0.02, limit + 0.4, limit + 0.1, limit + 0.05, limit + 0.3]));
      assert.equal(seen.at(-1), 'gateway_timeout_long_generation');
      if (limit !== 60) assert.deepEqual(new Set(seen.slice(0, 4)), new Set(['upstream_timeout']));
    });
  }

  test('once learned, tells a request that failed before it', () => {
    const seen = replay([...timeouts([100, 100.1, 100.2, 100.3]), { ...BARE_504, at: 500, durationSeconds: 60 }]);
    assert.deepEqual(seen.at(-1), { cause: 'upstream_timeout', basis: 'status', rule: 'status_504' });
  });

  test('is learned from 503 and 408 as well, and its verdict is an inference', () => {
    const seen = replay([
      ...timeouts([30, 30.1, 30.2], BARE_503),
      { code: 408, body: '', at: 300, durationSeconds: 30.1 },
      { ...BARE_503, at: 400, durationSeconds: 30.1 },
    ]);
    assert.deepEqual(seen.at(-1), {
      cause: 'gateway_timeout_long_generation',
      basis: 'timing',
      rule: 'long_generation',
    });
  });

  test('is not learned from three timeouts, nor from scattered ones', () => {
    assert.deepEqual(new Set(causesOf(timeouts([100, 100.1, 100.2, 100.3]))), new Set(['upstream_timeout']));
    assert.deepEqual(new Set(causesOf(timeouts([31, 47, 38, 83, 75, 22, 90, 110]))), new Set(['upstream_timeout']));
  });

  test('is not learned from 503 alone, which a queue may answer after a fixed time', () => {
    assert.deepEqual(new Set(causesOf(timeouts(Array(20).fill(30), BARE_503))), new Set(['service_unavailable']));
  });

  test('is not what quick refusals have in common', () => {
    assert.deepEqual(new Set(causesOf(timeouts(Array(20).fill(0.3)))), new Set(['upstream_timeout']));
    assert.deepEqual(new Set(causesOf(timeouts(Array(20).fill(0.3), BARE_503))), new Set(['service_unavailable']));
  });

  test('is not where other requests take longer and are answered', () => {
    const patient = steady({ from: 0, to: 600, everySeconds: 60 }, { durationSeconds: 150 });
    const seen = causesOf([...timeouts(Array(10).fill(100)), ...patient]);
    assert.deepEqual(new Set(seen.slice(0, 10)), new Set(['upstream_timeout']));
  });

  test('is not learned from what the client, the network or the exporter ended', () => {
    for (const fields of [
      { origin: 'network', phase: 'headers', error: { code: 'headers_timeout' } },
      { origin: 'exporter' },
      { code: 499 },
    ] as const) {
      const play = createReplay();
      for (const played of timeouts(Array(10).fill(100), fields)) play(played);
      assert.equal(
        play({ ...BARE_504, at: 700, durationSeconds: 100 }).cause,
        'upstream_timeout',
        JSON.stringify(fields),
      );
    }
  });

  test('is learned from each try, whether another follows or not', () => {
    for (const fields of [{ attempt: 2 }, { final: false, attempt: 1 }]) {
      const play = createReplay();
      for (const played of timeouts(Array(10).fill(100), fields)) play(played);
      const { cause } = play({ ...BARE_504, at: 700, durationSeconds: 100 });
      assert.equal(cause, 'gateway_timeout_long_generation', JSON.stringify(fields));
    }
  });

  test('is learned from what a try took, without the queue before it', () => {
    const queued = [100, 80, 300, 55].map((durationSeconds, index) => ({
      ...BARE_504,
      at: index * 600,
      durationSeconds,
      lastTry: { durationSeconds: 30 + index / 10 },
    }));
    const seen = causesOf([
      ...queued,
      { ...BARE_504, at: 3000, durationSeconds: 90, lastTry: { durationSeconds: 30.2 } },
      { ...BARE_504, at: 4000, durationSeconds: 30.2, lastTry: { durationSeconds: 3 } },
    ]);
    assert.deepEqual(seen.slice(4), ['gateway_timeout_long_generation', 'upstream_timeout']);
  });

  test('is not disproved by an answer that waited for its turn', () => {
    const late = { at: 0, durationSeconds: 150, lastTry: { durationSeconds: 2 } };
    assert.equal(causesOf([late, ...timeouts(Array(5).fill(100))]).at(-1), 'gateway_timeout_long_generation');
  });

  test('as configured, is believed until a dozen timeouts lie elsewhere', () => {
    const seen = causesOf(timeouts(Array(13).fill(100), { gatewayTimeoutSeconds: 60 }));
    assert.deepEqual(new Set(seen.slice(0, 12)), new Set(['upstream_timeout']));
    assert.equal(seen.at(-1), 'gateway_timeout_long_generation');
  });

  test('as configured, is believed as long as one timeout lies there', () => {
    const seen = causesOf(timeouts([60.1, ...Array(20).fill(100)], { gatewayTimeoutSeconds: 60 }));
    assert.deepEqual(new Set(seen.slice(1)), new Set(['upstream_timeout']));
  });

  test('follows the gateway when it changes', () => {
    const seen = causesOf(timeouts([...Array(32).fill(60.1), ...Array(20).fill(100)]));
    assert.equal(seen[31], 'gateway_timeout_long_generation');
    assert.equal(seen.at(-1), 'gateway_timeout_long_generation');
  });

  test('is one provider’s own', () => {
    const play = createReplay();
    for (const played of timeouts(Array(10).fill(100))) play(played);
    assert.equal(play({ ...BARE_504, at: 700, durationSeconds: 100, provider: 'other' }).cause, 'upstream_timeout');
  });
});

describe('a request that ends at the gateway timeout', () => {
  const waiting = { ...BARE_504, stream: true, durationSeconds: 60 } as const;

  test('waited for a stalled model when streams get no token either', () => {
    const streams = steady({ from: 0, to: 30, everySeconds: 10 }, waiting);
    const seen = replay([...streams, { ...BARE_504, at: 31, durationSeconds: 60 }]);
    assert.deepEqual(seen.at(-1), { cause: 'model_overloaded', basis: 'timing', rule: 'stalled_at_timeout' });
  });

  test('generated for long when anything else comes from the model', () => {
    const streams = steady({ from: 0, to: 30, everySeconds: 10 }, waiting);
    const seen = replay([...streams, { at: 85 }, { ...BARE_504, at: 31, durationSeconds: 60 }]);
    assert.equal(seen.at(-1)?.cause, 'gateway_timeout_long_generation');
  });

  test('generated for long when the streams that waited are those of another model, or of long ago', () => {
    const streams = steady({ from: 0, to: 30, everySeconds: 10 }, waiting);
    const other = replay([...streams, { ...BARE_504, model: 'n', at: 31, durationSeconds: 60 }]);
    assert.equal(other.at(-1)?.cause, 'gateway_timeout_long_generation');
    const later = replay([...streams, { ...BARE_504, at: 400, durationSeconds: 60 }]);
    assert.equal(later.at(-1)?.cause, 'gateway_timeout_long_generation');
  });

  test('generated for long when streams were refused at once', () => {
    const refused = steady({ from: 0, to: 30, everySeconds: 5 }, { ...BARE_503, stream: true, durationSeconds: 0.1 });
    const seen = replay([...refused, { ...BARE_504, at: 31, durationSeconds: 60 }]);
    assert.equal(seen.at(-1)?.cause, 'gateway_timeout_long_generation');
  });

  test('is no timeout when it was refused for its rate', () => {
    assert.equal(createReplay()({ ...BARE_429, at: 0, durationSeconds: 60 }).cause, 'rate_limit_unspecified');
  });
});
