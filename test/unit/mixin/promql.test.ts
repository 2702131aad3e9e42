import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  histogramQuantile,
  increase,
  lastOverTime,
  promql,
  quantileOverTime,
  rate,
  selectors,
  sumBy,
  sumWithout,
} from '../../../src/mixin/promql.ts';

const series = selectors('job="x"');

describe('selectors', () => {
  test('add the scope of the pack to every scraped series, and to none that a rule made', () => {
    assert.equal(series.counter('llm_requests_total', { code: '503' }).text, 'llm_requests_total{job="x",code="503"}');
    assert.equal(series.up().text, 'up{job="x"}');
    assert.equal(
      series.recorded('provider_model:llm_requests:increase5m').text,
      'provider_model:llm_requests:increase5m',
    );
    assert.equal(selectors('').gauge('llm_provider_info').text, 'llm_provider_info');
  });

  test('write one value as equal, several as a pattern, a variable as what Grafana fills in', () => {
    const text = series.counter('llm_requests_total', {
      code: { any: ['504', '524'] },
      cause: { any: ['model_overloaded'] },
      model: { variable: 'model', not: 'other' },
    }).text;
    assert.equal(
      text,
      'llm_requests_total{job="x",code=~"504|524",cause="model_overloaded",model=~"$model",model!="other"}',
    );
  });

  test('know the parts of a histogram', () => {
    assert.equal(
      series.buckets('llm_time_to_first_token_seconds').text,
      'llm_time_to_first_token_seconds_bucket{job="x"}',
    );
    assert.equal(
      series.samples('llm_time_to_first_token_seconds').text,
      'llm_time_to_first_token_seconds_count{job="x"}',
    );
  });

  test('refuse what does not exist, at compile time', () => {
    // @ts-expect-error no such family
    assert.throws(() => series.counter('llm_request_total'));
    // @ts-expect-error a gauge is not a counter
    series.counter('llm_requests_in_flight');
    // @ts-expect-error no such label
    series.counter('llm_requests_total', { status: '503' });
    // @ts-expect-error no such cause
    series.counter('llm_requests_total', { cause: 'overload' });
    // @ts-expect-error a label that is not there to be kept
    sumBy(series.counter('llm_tokens_total'), ['cause']);
  });
});

describe('functions', () => {
  const requests = series.counter('llm_requests_total');

  test('aggregate, and know the labels that are left', () => {
    const left = sumWithout(rate(requests, '5m'), ['pod'], ['code', 'cause', 'stream']);
    assert.equal(left.text, 'sum without (pod, code, cause, stream) (rate(llm_requests_total{job="x"}[5m]))');
    assert.deepEqual(left.labels, ['provider', 'model']);
    assert.equal(
      sumBy(increase(requests, '1h'), ['model']).text,
      'sum by (model) (increase(llm_requests_total{job="x"}[1h]))',
    );
    assert.equal(sumBy(requests, []).text, 'sum(llm_requests_total{job="x"})');
  });

  test('look back', () => {
    const up = selectors('').up();
    assert.equal(lastOverTime(up, '1d').text, 'last_over_time(up[1d])');
    const usual = quantileOverTime(up, { quantile: 0.9, range: '1d', offset: '15m' });
    assert.equal(usual.text, 'quantile_over_time(0.9, up[1d] offset 15m)');
  });

  test('take quantiles of buckets, whose label is gone afterwards', () => {
    const perBucket = sumBy(rate(series.buckets('llm_request_duration_seconds'), '5m'), ['model', 'le']);
    const p95 = histogramQuantile(0.95, perBucket);
    assert.match(p95.text, /^histogram_quantile\(0\.95, sum by \(model, le\)/);
    assert.deepEqual(p95.labels, ['model']);
  });

  test('combine pieces as they are written', () => {
    const up = selectors('').up();
    assert.equal(promql`1 - ${up} > ${0.5}`.text, '1 - up > 0.5');
  });
});
