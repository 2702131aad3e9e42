import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../../../src/classify/catalogue.ts';
import { classify } from '../../../../../src/classify/classify.ts';
import { shedAnswer } from '../../../../../src/input/proxy/turn/shed.ts';

test('those who are shed are asked to come back at different times, soon', () => {
  const waits = [0, 0.25, 0.5, 0.999].map((draw) => shedAnswer('queue_full', () => draw).retryAfterSeconds);
  assert.deepEqual(waits, [2, 3, 4, 5]);
});

test('the rules of the catalogue know every answer to who is shed', () => {
  for (const reason of ['queue_full', 'queue_timeout'] as const) {
    const { status, origin, code, type } = shedAnswer(reason);
    const event = { timeMs: 0, provider: 'p', code: status, origin, error: { code, type }, attempt: 0, final: true };
    assert.equal(classify(event, loadCatalogue()).cause, 'shed_by_exporter');
    const logged = { timeMs: 0, provider: 'p', code: status, error: { code, type }, final: true };
    assert.equal(classify(logged, loadCatalogue()).cause, 'shed_by_exporter');
  }
});
