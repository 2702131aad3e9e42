import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type LabelSet, labelsOf, presenceOf } from '../../support/promql/labels.ts';
import { promqlOf } from '../../support/promql/parse.ts';

/** One series whose labels are known, `up` of a target beside it, and anything else. */
const series: Readonly<Record<string, LabelSet>> = {
  requests: {
    known: new Map([
      ['job', 'always'],
      ['model', 'always'],
      ['code', 'always'],
      ['cause', 'always'],
    ]),
    others: 'maybe',
  },
};

/** Presence of model, code, job and a label of the user's, as letters: Always, Maybe, Never. */
function labels(text: string): string {
  const found = labelsOf(promqlOf(text), (name) => series[name]);
  return ['model', 'code', 'job', 'region'].map((label) => presenceOf(found, label)[0]).join('');
}

/** Model, code, job, region. */
const cases: Readonly<Record<string, string>> = {
  requests: 'aaam',
  unknown_series: 'mmmm',
  'unknown_series{model="m",code=""}': 'anmm',
  'unknown_series{model=~".+",code=~"503|504",region!=""}': 'aama',
  'unknown_series{model=~".*",code!~"5..",region!="eu"}': 'mmmm',
  'rate(requests[5m] offset 1h)': 'aaam',
  'max_over_time((requests > 1)[1h:1m])': 'aaam',
  'sum(requests)': 'nnnn',
  'sum by (model, region) (requests)': 'annm',
  'sum without (code) (requests)': 'anam',
  'topk by (model) (1, requests)': 'aaam',
  'count_values by (model) ("code", requests)': 'aann',
  'quantile by (code) (0.9, requests)': 'nann',
  'quantile_over_time(0.9, requests[1d])': 'aaam',
  'vector(1)': 'nnnn',
  'absent(requests{model="m",code=~"5.."})': 'annn',
  'absent(sum(requests))': 'nnnn',
  'label_replace(sum(requests), "model", "$1", "x", "(.*)")': 'mnnn',
  'histogram_quantile(0.9, sum by (le, model) (requests))': 'annn',
  '- requests * 2': 'aaam',
  '2 * sum by (model) (requests)': 'annn',
  'requests and on (model) sum by (model) (requests)': 'aaam',
  'requests unless unknown_series': 'aaam',
  'requests or sum by (model) (requests)': 'ammm',
  'requests / on (model) unknown_series': 'annn',
  'requests / ignoring (code) unknown_series': 'anam',
  'requests / ignoring (code) group_left () sum without (code) (requests)': 'aaam',
  'sum by (model) (requests) * on (model) group_right (region) requests': 'aaan',
  'requests * on (job) group_left (region) unknown_series{region!=""}': 'aaaa',
};

describe('the labels of an expression', () => {
  for (const [text, expected] of Object.entries(cases)) {
    test(text, () => assert.equal(labels(text), expected));
  }

  test('a label that a histogram is made of is gone behind its quantile', () => {
    const perBucket = promqlOf('histogram_quantile(0.9, rate(requests_bucket{le!=""}[5m]))');
    assert.equal(
      presenceOf(
        labelsOf(perBucket, () => undefined),
        'le',
      ),
      'never',
    );
  });
});
