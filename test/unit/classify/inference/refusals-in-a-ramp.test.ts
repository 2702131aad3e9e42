import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BARE_429, BARE_503, createReplay, type Played, replay, steady } from './replay.ts';

/** Five minutes of one request every two seconds. */
const CALM = steady({ from: 0, to: 300, everySeconds: 2 });
const REFUSED = { ...BARE_503, durationSeconds: 0.1 } as const;

/** How often each cause came out among those played last. */
function causesAfter(before: readonly Played[], last: readonly Played[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { cause } of replay([...before, ...last]).slice(before.length)) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}

const isShaping = (counts: Readonly<Record<string, number>>) => (counts.surge_protection ?? 0) > 0;

describe('a 503 without a reason', () => {
  test('is surge protection when it comes at once, while traffic rises', () => {
    const burst = [
      ...steady({ from: 300, to: 310, everySeconds: 0.2 }, { durationSeconds: 2 }),
      ...steady({ from: 303, to: 310, everySeconds: 0.2 }, REFUSED),
    ];
    const seen = replay([...CALM, ...burst]);
    assert.deepEqual(seen.at(-1), { cause: 'surge_protection', basis: 'timing', rule: 'refused_in_ramp' });
  });

  test('is surge protection, however long it had waited for its turn before', () => {
    const waited = { ...REFUSED, durationSeconds: 20, lastTry: REFUSED };
    const burst = steady({ from: 300, to: 310, everySeconds: 0.2 }, { durationSeconds: 2 });
    const [cause] = replay([...CALM, ...burst, { ...waited, at: 289 }])
      .slice(-1)
      .map((verdict) => verdict.cause);
    assert.equal(cause, 'surge_protection');
  });

  test('is surge protection when a burst is refused before anything of it has ended', () => {
    const burst = steady({ from: 300, to: 302, everySeconds: 0.02 }, REFUSED);
    const { surge_protection: shaped = 0, service_unavailable: unclear = 0 } = causesAfter(CALM, burst);
    assert.ok(shaped >= 70 && unclear >= 10, `${shaped} inferred, ${unclear} not`);
  });

  test('stays surge protection while it goes on, and for two minutes at most', () => {
    const burst = steady({ from: 300, to: 302, everySeconds: 0.02 }, REFUSED);
    const late = [60, 100, 150].map((later) => ({ ...REFUSED, at: 302 + later }));
    const seen = replay([...CALM, ...burst, ...late]).slice(-3);
    assert.deepEqual(
      seen.map(({ cause }) => cause),
      ['surge_protection', 'surge_protection', 'service_unavailable'],
    );
  });

  test('is none when traffic is steady', () => {
    const outage = steady({ from: 300, to: 360, everySeconds: 2 }, REFUSED);
    assert.deepEqual(causesAfter(CALM, outage), { service_unavailable: 30 });
  });

  test('is none when the rise is made of retries of what failed', () => {
    const outage = steady({ from: 300, to: 360, everySeconds: 2 / 3 }, REFUSED);
    assert.deepEqual(causesAfter(CALM, outage), { service_unavailable: 90 });
  });

  test('is none when it comes late, or no quicker than work', () => {
    const rising = steady({ from: 300, to: 310, everySeconds: 0.1 });
    for (const durationSeconds of [0.9, 5]) {
      const slow = steady({ from: 303, to: 309, everySeconds: 0.2 }, { ...BARE_503, durationSeconds });
      assert.ok(!isShaping(causesAfter([...CALM, ...rising], slow)), `${durationSeconds} s`);
    }
    const quick = [...CALM, ...rising].map((played) => ({ ...played, durationSeconds: 0.12 }));
    assert.ok(!isShaping(causesAfter(quick, steady({ from: 303, to: 309, everySeconds: 0.2 }, REFUSED))));
  });

  test('is none when the answers spread far above the quickest', () => {
    const quickest = [{ ...REFUSED, at: 300, durationSeconds: 0.03 }];
    const burst = steady({ from: 301, to: 303, everySeconds: 0.02 }, { ...BARE_503, durationSeconds: 0.4 });
    assert.ok(!isShaping(causesAfter([...CALM, ...quickest], burst)));
  });

  test('is none when there is no baseline: after a start, in low traffic, after a gap', () => {
    const burst = steady({ from: 300, to: 302, everySeconds: 0.02 }, REFUSED);
    assert.ok(!isShaping(causesAfter(steady({ from: 200, to: 300, everySeconds: 2 }), burst)), 'start');
    assert.ok(!isShaping(causesAfter(steady({ from: 0, to: 300, everySeconds: 60 }), burst)), 'low traffic');
    const later = burst.map((played) => ({ ...played, at: played.at + 3600 }));
    assert.ok(!isShaping(causesAfter(CALM, later)), 'gap');
  });

  test('is none when only a handful is refused', () => {
    assert.deepEqual(causesAfter(CALM, [{ ...REFUSED, at: 300 }]), { service_unavailable: 1 });
    assert.deepEqual(causesAfter(CALM, steady({ from: 300, to: 301, everySeconds: 0.2 }, REFUSED)), {
      service_unavailable: 5,
    });
  });

  test('is none when a few requests are many for so quiet a model', () => {
    const quiet = steady({ from: 0, to: 300, everySeconds: 25 });
    assert.deepEqual(causesAfter(quiet, steady({ from: 300, to: 301, everySeconds: 0.1 }, REFUSED)), {
      service_unavailable: 10,
    });
  });

  test('is none when clients that leave make the rise', () => {
    const left = steady({ from: 300, to: 302, everySeconds: 0.02 }, { code: 499, durationSeconds: 0.1 });
    const { surge_protection: shaped = 0 } = causesAfter([...CALM, ...left], [{ ...REFUSED, at: 303 }]);
    assert.equal(shaped, 0);
  });

  test('is none when traffic only gets through again', () => {
    for (const lost of [{ code: 499 }, { code: 502, origin: 'network', error: { code: 'ECONNREFUSED' } }] as const) {
      const outage = steady({ from: 60, to: 300, everySeconds: 1 }, { ...lost, durationSeconds: 0.1 });
      const again = steady({ from: 300, to: 330, everySeconds: 1 });
      const before = steady({ from: 0, to: 60, everySeconds: 1 });
      const refused = steady({ from: 331, to: 335, everySeconds: 1 }, REFUSED);
      assert.deepEqual(causesAfter([...before, ...outage, ...again], refused), { service_unavailable: 4 });
    }
  });

  test('is none when another model’s traffic rises', () => {
    const rising = steady({ from: 300, to: 310, everySeconds: 0.05 }, { model: 'n' });
    assert.ok(!isShaping(causesAfter([...CALM, ...rising], steady({ from: 303, to: 309, everySeconds: 2 }, REFUSED))));
  });

  test('is surge protection again when one event with a wrong year is past', () => {
    const play = createReplay();
    play({ at: 2_000_000_000 });
    const burst = steady({ from: 300, to: 302, everySeconds: 0.02 }, REFUSED);
    assert.equal(replay([...CALM, ...burst], play).at(-1)?.cause, 'surge_protection');
  });

  test('is none when the clock jumps back and forth', () => {
    const jumping = steady({ from: 0, to: 400, everySeconds: 1 }).flatMap((played, index) => [
      { ...played, at: played.at + (index % 2) * 86_400 },
      { ...REFUSED, at: played.at + (index % 2) * 86_400 },
    ]);
    assert.ok(!isShaping(causesAfter([], jumping)));
  });
});

test('a 429 without a reason is not taken for surge protection: a rate limit is met in a ramp too', () => {
  const burst = steady({ from: 300, to: 302, everySeconds: 0.02 }, { ...BARE_429, durationSeconds: 0.1 });
  assert.deepEqual(causesAfter(CALM, burst), { rate_limit_unspecified: 100 });
});
