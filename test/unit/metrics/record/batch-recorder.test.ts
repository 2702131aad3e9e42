import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import type { RequestEvent } from '../../../../src/event/request-event.ts';
import { renderOpenMetrics } from '../../../../src/metrics/exposition.ts';
import { createRecorder, type RecorderSettings } from '../../../../src/metrics/record/recorder.ts';
import { TRUE_VALUES } from '../../../../src/metrics/scrapers.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createBatches } from '../../../support/event-batches.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const catalogue = loadCatalogue();
const START = Date.UTC(2026, 8, 2);

/** Few enough that the same ones come again, and some that have no label of their own. */
const MODELS = ['m1', 'm2', ' m2', 'never-admitted', 'm\u0007', undefined];

const shared = fc.record(
  {
    model: fc.constantFrom(...MODELS),
    stream: fc.constantFrom(true, false, undefined),
    provider: fc.constantFrom('novita', 'openai', ' odd '),
    flags: fc.constantFrom(undefined, '-', 'UF'),
    origin: fc.constantFrom(undefined, 'provider', 'edge', 'client'),
    attempt: fc.constantFrom(undefined, undefined, undefined, 1, 2),
    rateLimit: fc.constantFrom(undefined, undefined, { timeMs: START, exhausted: [], requests: { limit: 9 } }),
    requestBytes: fc.constantFrom(undefined, undefined, 100),
  },
  { requiredKeys: ['model', 'provider'] },
);
/** Sums of these are exact: a batch adds them up kind by kind, and of others the last digit depends on the order. */
const seconds = fc.constantFrom(undefined, 0, 0.0625, 0.3125, 0.3125, 1.5, 47.875, 48.125, 60.03125, 700);
const answer = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ code: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom({ code: 429 }, { code: 503 }, { code: 504 }, { code: 499 }, { code: 302 }) },
  { weight: 1, arbitrary: fc.constant({ code: 503, error: { message: 'The service is overloaded' } }) },
  { weight: 1, arbitrary: fc.constant({ code: 200, error: { message: 'The service is overloaded' } }) },
);
const event = fc
  .record({
    shared,
    answer,
    second: fc.nat({ max: 400 }),
    durationSeconds: seconds,
    firstTokenSeconds: seconds,
    tokens: fc.constantFrom(undefined, undefined, { input: 10, output: 20 }, { input: 0 }, { output: 5, reasoning: 2 }),
    requestId: fc.constantFrom(undefined, 'id-1', 'id-2', 'not an id'),
    final: fc.constantFrom(true, true, true, true, false),
  })
  .map(({ shared, answer, second, ...rest }): RequestEvent => {
    return { ...shared, ...answer, ...rest, timeMs: START + second * 1000 };
  });

const SETTINGS: readonly RecorderSettings[] = [
  {
    providers: { novita: { gatewayTimeoutSeconds: 60, host: 'api.novita.ai', models: ['m1'] } },
    modelLimit: 3,
  },
  { providers: { novita: { gatewayTimeoutSeconds: 30, host: 'api.novita.ai', models: ['m1'] } }, modelLimit: 200 },
];

function newRecorder(onFailure = () => {}) {
  const clock = createManualClock(START);
  const store = createStore({ clock });
  const verdicts: string[] = [];
  const recorder = createRecorder({
    ...{ store, catalogue, clock },
    settings: SETTINGS[0] ?? { providers: {}, modelLimit: 0 },
    onFailure({ timeMs }, { rule }) {
      verdicts.push(`${timeMs} ${rule}`);
      onFailure();
    },
  });
  // Without exemplars: which event of a bucket is shown depends on the moment at which a success is counted.
  const text = () => [...renderOpenMetrics(store.cut(), TRUE_VALUES)].join('').replaceAll(/ # \{.*$/gm, '');
  return { recorder, source: recorder.source('access.log'), verdicts, text };
}

describe('a batch of events', () => {
  test('counts as they would one by one, whatever they are and whatever was before', () => {
    const settings = fc.constantFrom(undefined, undefined, ...SETTINGS);
    const blocks = fc.array(fc.record({ events: fc.array(event, { maxLength: 40 }), settings }), { maxLength: 8 });
    fc.assert(
      fc.property(blocks, (all) => {
        const single = newRecorder();
        const batched = newRecorder();
        const batchOf = createBatches();
        for (const { events, settings } of all) {
          for (const { recorder } of [single, batched]) if (settings !== undefined) recorder.reconfigure(settings);
          for (const one of events) single.source.event(one);
          batched.source.batch(batchOf(events));
          assert.deepEqual(batched.verdicts, single.verdicts);
          assert.equal(batched.text(), single.text());
          assert.deepEqual(batched.recorder.failures(), single.recorder.failures());
        }
      }),
      { numRuns: Number(process.env.BATCH_RUNS ?? 150) },
    );
  });

  test('that an error ends has counted what was before the error, and leaves nothing for the next batch', () => {
    let isFull = true;
    const fail = () => {
      if (isFull) throw new Error('no space left');
    };
    const [single, batched] = [newRecorder(fail), newRecorder(fail)];
    const batchOf = createBatches();
    const told = { timeMs: START, provider: 'novita', final: true };
    const success = (model: string, durationSeconds: number) => ({ ...told, model, code: 200, durationSeconds });
    const failure = { ...told, model: 'm1', code: 503 };
    const first = [success('m1', 1), success('unknown', 2), success('m1', 4), failure];
    for (const one of first.slice(0, -1)) single.source.event(one);
    assert.throws(() => single.source.event(failure));
    // What comes after it is not counted, but read with it.
    assert.throws(() => batched.source.batch(batchOf([...first, success('m1', 8)])));
    const second = [success('unknown', 16), success('m1', 32), failure];
    isFull = false;
    for (const one of second) single.source.event(one);
    batched.source.batch(batchOf(second));
    assert.equal(requestsOf(batched.text()), requestsOf(single.text()));
    assert.deepEqual(batched.verdicts, single.verdicts);
  });

  for (const code of [200, 503]) {
    test(`a provider that has no label of its own is told of once for each ${code}`, () => {
      const { recorder, source, text } = newRecorder();
      const configured = Array.from({ length: 60 }, (_, index) => [`p${index}`, { models: [] }] as const);
      recorder.reconfigure({ providers: Object.fromEntries(configured), modelLimit: 5 });
      const before = overflowsOf(text());
      const events = Array.from({ length: 10 }, (): RequestEvent => {
        return { timeMs: START, provider: 'late', model: 'm', code, durationSeconds: 1, final: true };
      });
      source.batch(createBatches()(events));
      assert.equal(overflowsOf(text()) - before, events.length);
    });
  }
});

function overflowsOf(text: string): number {
  return Number(/^llm_exporter_label_overflow_total\{label="provider"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

function requestsOf(text: string): string {
  return text.match(/^llm_request.*$/gm)?.join('\n') ?? '';
}
