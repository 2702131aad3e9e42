import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { negotiateFormat } from '../../../src/server/metrics-format.ts';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const OPEN_METRICS_0 = 'application/openmetrics-text; version=0.0.1; charset=utf-8';

/** What programs send, word for word. */
const PROGRAMS: readonly (readonly [string, string, string])[] = [
  [
    'Prometheus 2.30',
    'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    OPEN_METRICS_0,
  ],
  [
    'Prometheus 2.42',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    OPEN_METRICS,
  ],
  [
    'Prometheus 2.42 with native histograms',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    OPEN_METRICS,
  ],
  [
    'Prometheus 3.5',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    OPEN_METRICS,
  ],
  [
    'Prometheus 3.14',
    'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.3',
    TEXT,
  ],
  [
    'Telegraf',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3',
    TEXT,
  ],
  ['curl', '*/*', TEXT],
  ['Firefox', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', TEXT],
];

const RULES: readonly (readonly [string, string])[] = [
  ['', TEXT],
  ['text/plain', TEXT],
  ['text/*', TEXT],
  ['application/*', OPEN_METRICS],
  ['application/openmetrics-text', OPEN_METRICS],
  ['application/openmetrics-text; version="1.0.0"', OPEN_METRICS],
  ['Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8', OPEN_METRICS],
  ['application/openmetrics-text;version=2.0.0', TEXT],
  ['application/json', TEXT],
  ['text/plain;q=0.4, application/openmetrics-text;q=0.5', OPEN_METRICS],
  ['text/plain;q=0.5, application/openmetrics-text;q=0.4', TEXT],
  ['text/plain, application/openmetrics-text', TEXT],
  ['application/openmetrics-text, text/plain', OPEN_METRICS],
  ['application/openmetrics-text;q=0, text/plain;q=0.1', TEXT],
  ['application/openmetrics-text;q=0', TEXT],
  ['text/plain;q=0, */*', OPEN_METRICS],
  ['*/*;q=0.1, application/openmetrics-text;version=1.0.0;q=0.05', TEXT],
  ['application/openmetrics-text;q=none', OPEN_METRICS],
  [',,;;q=,', TEXT],
];

describe('the format of an answer', () => {
  for (const [program, accept, expected] of PROGRAMS) {
    test(`is what ${program} likes best`, () => assert.equal(negotiateFormat(accept).contentType, expected));
  }

  test('is text for who says nothing', () => assert.equal(negotiateFormat(undefined).contentType, TEXT));

  test('follows the qualities, then the order, then text', () => {
    for (const [accept, expected] of RULES) assert.equal(negotiateFormat(accept).contentType, expected, accept);
  });

  test('is text for a header of any length', () => {
    assert.equal(negotiateFormat('a/b,'.repeat(100_000)).contentType, TEXT);
  });
});
