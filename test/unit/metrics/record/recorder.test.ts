import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import { classify } from '../../../../src/classify/classify.ts';
import { ORIGINS, PHASES, type RequestEvent } from '../../../../src/event/request-event.ts';
import { renderText } from '../../../../src/metrics/exposition.ts';
import { createRecorder, type RecorderSettings } from '../../../../src/metrics/record/recorder.ts';
import { TRUE_VALUES } from '../../../../src/metrics/scrapers.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { parseExposition } from '../../../support/scrape.ts';

const catalogue = loadCatalogue();
const NOVITA: RecorderSettings = {
  providers: { novita: { gatewayTimeoutSeconds: 60, host: 'api.novita.ai', models: ['m1'] } },
  modelLimit: 200,
};

function newRecorder(settings = NOVITA) {
  const clock = createManualClock();
  const store = createStore({ clock });
  const recorder = createRecorder({ store, catalogue, clock, settings });
  const scrape = () => parseExposition([...renderText(store.cut(), TRUE_VALUES)].join(''));
  const finish = (fields: Partial<RequestEvent>) => recorder.open({ provider: 'novita' }).end(event(fields));
  return { clock, store, recorder, scrape, finish };
}

function event(fields: Partial<RequestEvent> = {}): RequestEvent {
  return {
    timeMs: Date.UTC(2026, 0, 1),
    provider: 'novita',
    model: 'm1',
    stream: false,
    code: 200,
    final: true,
    ...fields,
  };
}

const overloaded = { code: 503, origin: 'provider', error: { message: 'The service is overloaded' } } as const;

describe('recorder', () => {
  test('counts a request once, by its final answer, and each try', () => {
    const { recorder, scrape } = newRecorder();
    const live = recorder.open({ provider: 'novita' });
    live.attempt(event({ ...overloaded, attempt: 1, final: false }));
    live.end(event({ attempt: 2 }));
    live.end(event({ code: 500, attempt: 3 }));
    assert.deepEqual(scrape().by('llm_requests_total', ['model', 'code', 'cause', 'stream']), {
      'm1 200 none false': 1,
    });
    assert.deepEqual(scrape().by('llm_attempts_total', ['code']), { 503: 1, 200: 1 });
  });

  test('does not count tries where the input cannot tell them or made none', () => {
    const { finish, scrape } = newRecorder();
    finish({ attempt: undefined });
    finish({ code: 404, origin: 'exporter', attempt: 0 });
    assert.deepEqual(scrape().by('llm_attempts_total', ['code']), {});
  });

  test('counts what is in flight by model, and nothing when all have ended', () => {
    const { recorder, scrape } = newRecorder();
    const [first, second, third] = [1, 2, 3].map(() => recorder.open({ provider: 'novita' }));
    assert.ok(first && second && third);
    first.model = 'm1';
    second.model = 'm1';
    third.model = 'never proven';
    assert.deepEqual(scrape().by('llm_requests_in_flight', ['model']), { m1: 2, other: 1 });
    for (const live of [first, second, third, first]) live.end(event());
    assert.deepEqual(scrape().by('llm_requests_in_flight', ['model']), {});
    assert.equal(scrape().samples.filter(({ name }) => name === 'llm_requests_in_flight').length, 2);
  });

  test('judges a duration by its outcome', () => {
    const { finish, scrape } = newRecorder();
    finish({ durationSeconds: 1 });
    finish({ ...overloaded, durationSeconds: 2 });
    finish({ code: 499, origin: 'client', durationSeconds: 3 });
    finish({ durationSeconds: undefined });
    assert.deepEqual(scrape().by('llm_request_duration_seconds_sum', ['outcome']), {
      success: 1,
      error: 2,
      cancelled: 3,
    });
    assert.equal(scrape().sum('llm_request_duration_seconds_count'), 3);
  });

  test('measures tokens as they were reported', () => {
    const { finish, scrape } = newRecorder();
    finish({
      stream: true,
      firstTokenSeconds: 0.5,
      outputSeconds: 3,
      tokens: { input: 10, output: 31, cachedInput: 4 },
    });
    finish({ stream: true, outputSeconds: 3, tokens: { output: 1 } });
    assert.deepEqual(scrape().by('llm_tokens_total', ['token_type']), { input: 10, output: 32, cached_input: 4 });
    assert.equal(scrape().sum('llm_time_to_first_token_seconds_sum'), 0.5);
    assert.equal(scrape().sum('llm_time_per_output_token_seconds_sum'), 0.1);
    assert.equal(scrape().sum('llm_time_per_output_token_seconds_count'), 1);
  });

  test('warns of successes near the gateway timeout: by the whole time, or by the first token of a stream', () => {
    const { finish, scrape } = newRecorder();
    finish({ durationSeconds: 48 });
    finish({ durationSeconds: 48.1 });
    finish({ durationSeconds: 59, stream: undefined });
    finish({ durationSeconds: 300, stream: true, firstTokenSeconds: 1 });
    finish({ durationSeconds: 300, stream: true, firstTokenSeconds: 50 });
    finish({ ...overloaded, durationSeconds: 55 });
    assert.deepEqual(scrape().by('llm_requests_near_timeout_total', ['stream']), { false: 1, unknown: 1, true: 1 });
  });

  test('calls a success near the timeout by its last try', () => {
    const { finish, scrape } = newRecorder();
    finish({ durationSeconds: 55, lastTry: { durationSeconds: 1 } });
    finish({ durationSeconds: 300, stream: true, firstTokenSeconds: 55, lastTry: { firstTokenSeconds: 1 } });
    finish({ durationSeconds: 90, stream: undefined, lastTry: { durationSeconds: 50 } });
    assert.deepEqual(scrape().by('llm_requests_near_timeout_total', ['stream']), { unknown: 1 });
    assert.equal(scrape().sum('llm_request_duration_seconds_sum'), 445, 'durations stay those of whole requests');
  });

  test('says which evidence decided, for failures only', () => {
    const { finish, scrape } = newRecorder();
    finish({});
    finish(overloaded);
    const { basis } = classify(event(overloaded), catalogue);
    assert.deepEqual(scrape().by('llm_classifications_total', ['basis']), { [basis]: 1 });
  });

  test('learns a model from an outage, but not from an answer about the request', () => {
    const { finish, scrape } = newRecorder();
    finish({
      code: 404,
      model: 'typo',
      origin: 'provider',
      error: { code: 'model_not_found', message: 'model not found' },
    });
    finish({ ...overloaded, model: 'new' });
    assert.deepEqual(scrape().by('llm_requests_total', ['model', 'code']), { 'other 404': 1, 'new 503': 1 });
  });

  test('begins each configured model at 0 for every code and cause of the catalogue', () => {
    const { scrape } = newRecorder();
    const begun = scrape().samples.filter(({ name }) => name === 'llm_requests_total');
    const pairs = Object.values(catalogue.causes).flatMap(({ codes }) => codes).length;
    assert.equal(begun.length, 2 * pairs);
    assert.ok(begun.every(({ labels, value }) => value === 0 && labels.model === 'm1'));
  });

  test('begins a configured model under the label it will be counted under', () => {
    const { finish, scrape } = newRecorder({ providers: { novita: { models: [' spaced '] } }, modelLimit: 200 });
    finish({ model: 'spaced' });
    const models = scrape()
      .samples.filter(({ name }) => name === 'llm_requests_total')
      .map(({ labels }) => labels.model);
    assert.deepEqual(new Set(models), new Set(['spaced']));
  });

  test('begins no more than the family has room for', () => {
    const models = Array.from({ length: 1_000 }, (_, index) => `m${index}`);
    const { scrape } = newRecorder({ providers: { novita: { models } }, modelLimit: 200 });
    assert.ok(scrape().samples.filter(({ name }) => name === 'llm_requests_total').length <= 5_000);
  });

  test('describes causes and providers; what a reload drops vanishes, what was counted stays', () => {
    const { recorder, finish, scrape } = newRecorder();
    finish({ model: 'learnt' });
    assert.equal(scrape().sum('llm_cause_info'), Object.keys(catalogue.causes).length);
    assert.equal(scrape().sum('llm_provider_info', { provider: 'novita', host: 'api.novita.ai' }), 1);
    assert.equal(scrape().sum('llm_provider_gateway_timeout_seconds', { provider: 'novita' }), 60);
    recorder.reconfigure({ providers: { openai: { models: [] } }, modelLimit: 200 });
    assert.deepEqual(scrape().by('llm_provider_info', ['provider']), { openai: 1 });
    assert.deepEqual(scrape().by('llm_provider_gateway_timeout_seconds', ['provider']), {});
    finish({ model: 'learnt' });
    assert.equal(scrape().sum('llm_requests_total', { model: 'learnt' }), 2);
  });

  test('remembers failures by labels and evidence, never by message', () => {
    const { finish, recorder } = newRecorder();
    finish({});
    finish({ ...overloaded, requestId: 'req-1', error: { message: 'overloaded: my secret prompt' } });
    finish({ ...overloaded, requestId: 'an id with <html>' });
    const [second, first] = recorder.failures();
    assert.equal(first?.requestId ?? second?.requestId, 'req-1');
    assert.equal(recorder.failures().length, 2);
    assert.ok(!/secret|<html>/.test(JSON.stringify(recorder.failures())));
  });

  test('tells of each failure, once, when it is final', () => {
    const clock = createManualClock();
    const told: string[] = [];
    const onFailure = (failed: RequestEvent, { cause }: { readonly cause: string }) =>
      told.push(`${failed.code} ${cause}`);
    const recorder = createRecorder({ store: createStore({ clock }), catalogue, clock, settings: NOVITA, onFailure });
    const live = recorder.open({ provider: 'novita' });
    live.attempt(event({ ...overloaded, attempt: 1, final: false }));
    live.end(event({ ...overloaded, attempt: 2 }));
    live.end(event());
    recorder.source('log').event(event());
    assert.deepEqual(told, ['503 model_overloaded']);
  });

  test('keeps the labels bounded when codes, names and providers are nonsense', () => {
    const { recorder, scrape } = newRecorder();
    for (let index = 0; index < 2_000; index += 1) {
      const provider = `p${index}`;
      recorder.open({ provider }).end(event({ provider, model: `m${index}`, code: index * 1.5 - 500 }));
    }
    const { samples, sum } = scrape();
    assert.equal(sum('llm_requests_total'), 2_000);
    const values = (label: string) => new Set(samples.flatMap(({ labels }) => labels[label] ?? [])).size;
    assert.ok(
      values('code') <= 902 && values('provider') <= 51,
      `${values('code')} codes, ${values('provider')} providers`,
    );
  });

  test('every event is counted where classification puts it, and in the end nothing is in flight', () => {
    const anyEvent = fc.record(
      {
        timeMs: fc.integer({ min: 0, max: 4e12 }),
        provider: fc.constantFrom('novita', 'openai', '__proto__', 'constructor'),
        code: fc.oneof(
          fc.constantFrom(200, 400, 401, 403, 404, 429, 499, 500, 502, 503, 504),
          fc.integer({ min: 100, max: 599 }),
        ),
        final: fc.constant(true),
        model: fc.oneof(fc.constantFrom('m1', 'm2'), fc.string({ unit: 'binary', maxLength: 8 })),
        stream: fc.boolean(),
        durationSeconds: fc.double(),
        firstTokenSeconds: fc.double(),
        outputSeconds: fc.double(),
        tokens: fc.record({ input: fc.double(), output: fc.integer() }),
        origin: fc.constantFrom(...ORIGINS),
        phase: fc.constantFrom(...PHASES),
        error: fc.record({ message: fc.constantFrom('overloaded', 'rate limit', 'x') }, { requiredKeys: [] }),
        attempt: fc.integer({ min: 0, max: 3 }),
      },
      { requiredKeys: ['timeMs', 'provider', 'code', 'final'] },
    );
    const step = fc.record({
      event: anyEvent,
      ends: fc.integer({ min: 1, max: 3 }),
      failedTries: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { recorder, scrape } = newRecorder();
        const lives = steps.map(({ event: { provider, model } }) =>
          Object.assign(recorder.open({ provider }), { model }),
        );
        assert.equal(scrape().sum('llm_requests_in_flight'), steps.length);
        const expected: Record<string, number> = {};
        for (const [index, { event: final, ends, failedTries }] of steps.entries()) {
          for (let attempt = 1; attempt <= failedTries; attempt += 1)
            lives[index]?.attempt({ ...final, attempt, final: false });
          for (let end = 0; end < ends; end += 1) lives[index]?.end(final);
          const { gatewayTimeoutSeconds } = NOVITA.providers[final.provider === 'novita' ? 'novita' : ''] ?? {};
          const key = `${final.code} ${classify(final, catalogue, { gatewayTimeoutSeconds }).cause}`;
          expected[key] = (expected[key] ?? 0) + 1;
        }
        assert.deepEqual(scrape().by('llm_requests_total', ['code', 'cause']), expected);
        assert.equal(scrape().sum('llm_requests_total'), steps.length);
        assert.equal(scrape().sum('llm_requests_in_flight'), 0);
      }),
    );
  });
});
