import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import { CAUSES } from '../../../../src/classify/causes.ts';
import { classify } from '../../../../src/classify/classify.ts';
import { createTrafficObserver } from '../../../../src/classify/inference/traffic-observer.ts';
import { ORIGINS, type RequestEvent } from '../../../../src/event/request-event.ts';
import { BARE_503, BARE_504, createReplay, playedEvent, START_MS, steady } from './replay.ts';

const catalogue = loadCatalogue();
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const anyNumber = fc.oneof(fc.double(), fc.integer({ min: 0, max: 600 }), fc.constantFrom(0, 0.1, 60, 1e300));
const anyEvent: fc.Arbitrary<RequestEvent> = fc.record({
  timeMs: fc.oneof(
    fc.integer({ min: START_MS, max: START_MS + 600_000 }),
    fc.double(),
    fc.constantFrom(0, -1, 4e15, Number.NaN),
  ),
  provider: fc.constantFrom('a', 'b'),
  code: fc.oneof(fc.constantFrom(200, 429, 500, 503, 504, 408, 499, 0), fc.integer()),
  stream: optional(fc.boolean()),
  durationSeconds: optional(anyNumber),
  firstTokenSeconds: optional(anyNumber),
  requestBytes: optional(anyNumber),
  tokens: optional(fc.record({ input: optional(anyNumber), output: optional(anyNumber) })),
  rateLimit: optional(
    fc.record({
      timeMs: anyNumber,
      exhausted: fc.constant([]),
      requests: fc.record({ limit: anyNumber }),
      tokens: fc.record({ limit: anyNumber }),
    }),
  ),
  origin: optional(fc.constantFrom(...ORIGINS)),
  attempt: optional(fc.integer({ min: 0, max: 3 })),
  final: fc.boolean(),
});

describe('the traffic observer', () => {
  test('takes any events in any order, and never breaks the classifier', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyEvent, fc.constantFrom('m', 'n', 'o'), optional(fc.nat(100))), { maxLength: 300 }),
        (events) => {
          const observer = createTrafficObserver({ limits: { models: 2 } });
          for (const [event, model, inFlight] of events) {
            const traffic = observer.of(event.provider, model);
            const { cause } = classify(event, catalogue, traffic.contextFor(event, { inFlight }));
            assert.ok(CAUSES.includes(cause));
            traffic.observe(event, cause, { inFlight });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('remembers no more models than it may, and forgets the one that was not used for longest', () => {
    const observer = createTrafficObserver({ limits: { models: 3 } });
    const [a, b, c] = ['a', 'b', 'c'].map((model) => observer.of('p', model));
    assert.equal(observer.of('p', 'a'), a);
    observer.of('q', 'd');
    assert.equal(observer.of('p', 'a'), a);
    assert.equal(observer.of('p', 'c'), c);
    assert.notEqual(observer.of('p', 'b'), b);
    assert.notEqual(observer.of('q', 'd'), undefined);
    assert.equal(observer.of('p', 'c'), c);
  });

  test('holds memory for ten thousand names as for a few', () => {
    const observer = createTrafficObserver();
    const first = observer.of('p', 'first');
    for (let name = 0; name < 10_000; name += 1) observer.of('p', `model ${name}`);
    assert.notEqual(observer.of('p', 'first'), first);
    assert.equal(observer.of('p', 'model 9999'), observer.of('p', 'model 9999'));
  });

  test('has nothing to say of a success', () => {
    const known = { gatewayTimeoutSeconds: 60 };
    const traffic = createTrafficObserver().of('p', 'm');
    assert.equal(traffic.contextFor(playedEvent({ at: 0 }), known), known);
  });

  test('comes to the same verdict when the events of a few seconds are shuffled', () => {
    const burst = steady({ from: 300, to: 302, everySeconds: 0.02 }, { ...BARE_503, durationSeconds: 0.1 });
    const all = [
      ...steady({ from: 0, to: 300, everySeconds: 2 }),
      ...burst,
      ...steady({ from: 400, to: 700, everySeconds: 60 }, { ...BARE_504, durationSeconds: 100 }),
    ];
    // Whole groups of eight are turned round, as several logs read in turn come out.
    const shuffled = all.map((_, index) => all[index - (index % 8) + (7 - (index % 8))] ?? all[index]);
    for (const order of [all, shuffled]) {
      const play = createReplay();
      for (const played of order) if (played !== undefined) play(played);
      assert.equal(play({ ...BARE_504, at: 900, durationSeconds: 100 }).cause, 'gateway_timeout_long_generation');
    }
    const play = createReplay();
    const seen = shuffled.slice(0, 250).map((played) => played && play(played).cause);
    assert.ok(seen.includes('surge_protection'));
  });

  test('infers nothing from a first error, whatever it is', () => {
    for (const code of [429, 500, 503, 504]) {
      const { basis } = createReplay()({ at: 0, code, body: '', durationSeconds: 0.1, inFlight: 50 });
      assert.equal(basis, 'status', String(code));
    }
  });
});
