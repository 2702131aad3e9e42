import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BARE_429, createReplay, type Played, playedEvent, replay, steady } from './replay.ts';

const REFUSED = { ...BARE_429, durationSeconds: 0.1 } as const;

/**
 * A provider that lets a request in or not, asked by clients that begin at the given seconds. What is in flight is
 * counted as the recorder counts it.
 */
function simulate(
  asked: readonly Played[],
  admits: (asked: Played, admitted: readonly Played[]) => boolean,
): readonly Played[] {
  const played: Played[] = [];
  const admitted: Played[] = [];
  for (const request of [...asked].sort((a, b) => a.at - b.at)) {
    const isRunning = (other: Played) => other.at + (other.durationSeconds ?? 2) > request.at;
    const isAdmitted = admits(request, admitted);
    const inFlight = played.filter(isRunning).length;
    const outcome = {
      durationSeconds: 2,
      inFlight,
      ...request,
      ...(isAdmitted ? {} : { ...REFUSED, tokens: undefined }),
    };
    played.push(outcome);
    if (isAdmitted) admitted.push(outcome);
  }
  return played;
}

const running = (admitted: readonly Played[], at: number) =>
  admitted.filter((other) => other.at + (other.durationSeconds ?? 2) > at).length;
const inLastMinute = (admitted: readonly Played[], at: number) => admitted.filter((other) => other.at > at - 60);

/** Bursts of so many requests at once, in seconds from the start. */
const bursts = (sizes: readonly (readonly [at: number, size: number])[], fields: Partial<Played> = {}) =>
  sizes.flatMap(([at, size]) => steady({ from: at, to: at + size * 0.01, everySeconds: 0.01 }, fields));

function inferred(all: readonly Played[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { cause, basis } of replay(all)) {
    if (basis === 'timing') counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
}

/** A varied minute and a half: calm at first, then bursts of several sizes, so that rate and concurrency differ. */
const VARIED: readonly (readonly [number, number])[] = [
  ...Array.from({ length: 14 }, (_, index) => [index * 3, 4] as const),
  ...[60, 64, 68, 110, 114, 118].map((at) => [at, 8] as const),
];

describe('a 429 without a dimension', () => {
  test('is the concurrency limit when requests are let in as soon as others end', () => {
    const all = simulate(bursts(VARIED), ({ at }, admitted) => running(admitted, at) < 5);
    const { rate_limit_concurrency: found = 0, ...others } = inferred(all);
    assert.ok(found >= 3, `${found} of ${all.filter(({ code }) => code === 429).length}`);
    assert.deepEqual(others, {});
  });

  test('is the concurrency limit also where what is refused is tried again', () => {
    const all = simulate(bursts(VARIED, { attempt: 1 }), ({ at }, admitted) => running(admitted, at) < 5);
    // The retries are let in, and nobody knows beside how many others.
    const retried = all.flatMap((played) =>
      played.code === 429
        ? [
            { ...played, final: false },
            { at: played.at + 2, durationSeconds: 2, attempt: 2 },
          ]
        : [played],
    );
    const { rate_limit_concurrency: found = 0, ...others } = inferred(retried);
    assert.ok(found >= 3, String(found));
    assert.deepEqual(others, {});
  });

  test('is not the concurrency limit when it came alone, whatever was seen before', () => {
    const play = createReplay();
    replay(
      simulate(bursts(VARIED), ({ at }, admitted) => running(admitted, at) < 5),
      play,
    );
    assert.equal(play({ ...REFUSED, at: 125, inFlight: 6 }).cause, 'rate_limit_concurrency');
    assert.equal(play({ ...REFUSED, at: 125, inFlight: 0 }).cause, 'rate_limit_unspecified');
  });

  test('is the token limit when only big requests are refused', () => {
    const mixed = steady({ from: 0, to: 120, everySeconds: 3 }).map((played, index) => ({
      ...played,
      requestBytes: index % 3 === 0 ? 90_000 : 1_000,
    }));
    const all = simulate(mixed, ({ requestBytes = 0 }) => requestBytes < 50_000);
    const { rate_limit_tpm: found = 0, ...others } = inferred(all);
    assert.ok(found >= 4, String(found));
    assert.deepEqual(others, {});
  });

  test('is the request limit when small requests are refused too, with nothing else under way', () => {
    const sizes = [500, 2_000, 8_000];
    const tokens = [9_000, 100, 1_000, 50];
    const asked = [
      ...bursts([0, 10, 20].map((at) => [at, 9] as const)),
      ...steady({ from: 31, to: 55, everySeconds: 1 }),
    ].map((played, index) => ({
      ...played,
      requestBytes: sizes[index % sizes.length] ?? 0,
      // A big answer long before the limit is met, so that tokens do not stand as requests do.
      tokens: { input: 0, output: (tokens[index % tokens.length] ?? 0) * (played.at < 1 ? 10 : 0.1) },
    }));
    const early = steady({ from: -40, to: -30, everySeconds: 2 }, { tokens: { output: 100_000 }, requestBytes: 4_000 });
    const all = simulate([...early, ...asked], ({ at }, admitted) => inLastMinute(admitted, at).length < 30);
    const { rate_limit_rpm: found = 0, ...others } = inferred(all);
    assert.ok(found >= 3, String(found));
    assert.deepEqual(others, {});
  });

  test('is the token limit when the tokens of the last minute explain it, and the requests do not', () => {
    const light = steady({ from: 0, to: 30, everySeconds: 0.5 }, { tokens: { output: 10 }, inFlight: 4 });
    const heavy = steady({ from: 65, to: 85, everySeconds: 2 }, { tokens: { output: 5_000 }, inFlight: 1 });
    const refused = steady({ from: 90, to: 105, everySeconds: 1 }, { ...REFUSED, inFlight: 0 });
    const again = [...heavy, ...refused].map((played) => ({ ...played, at: played.at + 100 }));
    const { rate_limit_tpm: found = 0, ...others } = inferred([...light, ...heavy, ...refused, ...again]);
    assert.ok(found >= 10, String(found));
    assert.deepEqual(others, {});
  });

  test('is none when a burst raises everything at once', () => {
    const burst = bursts([[0, 60]], { requestBytes: 1_000, tokens: { output: 100 } });
    assert.deepEqual(inferred(simulate(burst, ({ at }, admitted) => running(admitted, at) < 10)), {});
    assert.deepEqual(inferred(simulate(burst, ({ at }, admitted) => inLastMinute(admitted, at).length < 10)), {});
  });

  test('is none when bursts meet a bucket that fills again, which looks like a concurrency limit', () => {
    const even = bursts(Array.from({ length: 12 }, (_, index) => [index * 10, 6] as const));
    const perTen = ({ at }: Played, admitted: readonly Played[]) =>
      admitted.filter((other) => other.at > at - 9).length < 2;
    assert.deepEqual(inferred(simulate(even, perTen)), {});
  });

  test('is none in low traffic, and for one error', () => {
    assert.deepEqual(inferred([{ ...REFUSED, at: 0 }]), {});
    assert.deepEqual(inferred(simulate(bursts([[0, 7]]), ({ at }, admitted) => running(admitted, at) < 3)), {});
  });

  test('is none where logs tell neither what is in flight nor the size', () => {
    const all = simulate(bursts(VARIED), ({ at }, admitted) => running(admitted, at) < 5);
    assert.deepEqual(inferred(all.map(({ inFlight: _, ...played }) => played)), {});
  });

  test('is none when the refusals have no order', () => {
    let random = 7;
    const all = simulate(bursts(VARIED), () => {
      random = (random * 48_271) % 2_147_483_647;
      return random % 3 > 0;
    });
    assert.deepEqual(inferred(all), {});
  });

  test('is forgotten two minutes later', () => {
    const play = createReplay();
    replay(
      simulate(bursts(VARIED), ({ at }, admitted) => running(admitted, at) < 5),
      play,
    );
    const verdict = play({ ...REFUSED, at: 400, inFlight: 6 });
    assert.equal(verdict.cause, 'rate_limit_unspecified');
  });
});

describe('a 429 that names no limit, after answers that told of them', () => {
  const told = (requests: number, tokens: number, fields: Partial<Played> = {}): readonly Played[] =>
    steady({ from: 0, to: 48, everySeconds: 1 }, fields).map((played) => {
      const timeMs = playedEvent(played).timeMs;
      return {
        ...played,
        rateLimit: { timeMs, exhausted: [], requests: { limit: requests }, tokens: { limit: tokens } },
      };
    });
  const causeAfter = (before: readonly Played[]) => replay([...before, { ...REFUSED, at: 51 }]).at(-1)?.cause;

  test('is that which own traffic has reached, when the other is far', () => {
    assert.equal(causeAfter(told(50, 100_000, { tokens: { output: 100 } })), 'rate_limit_rpm');
    assert.equal(causeAfter(told(1000, 5_000, { tokens: { output: 100 } })), 'rate_limit_tpm');
  });

  test('is none when both or neither are reached', () => {
    assert.equal(causeAfter(told(50, 5_000, { tokens: { output: 100 } })), 'rate_limit_unspecified');
    assert.equal(causeAfter(told(1000, 100_000, { tokens: { output: 100 } })), 'rate_limit_unspecified');
  });

  test('is none when more than the limit has been let in: it is not one of a minute', () => {
    assert.equal(causeAfter(told(2, 100_000, { tokens: { output: 100 } })), 'rate_limit_unspecified');
  });
});
