import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderRules } from '../../../../src/history/rules/order.ts';
import { readRules } from '../../../../src/history/rules/rule-file.ts';
import { readYaml } from '../../../../src/yaml-source.ts';
import { problemsOf } from '../../../support/problems.ts';

const read = (text: string) => readRules(readYaml(text, { file: 'rules.yml', prefix: 'rules' }));

test('reads rules as Prometheus does, with its defaults', () => {
  const { recordings, alerts } = read(`
groups:
  - name: a
    interval: 1m30s
    limit: 5
    rules:
      - {record: b, expr: sum(c), labels: {code: 503}}
  - name: d
    interval: 0s
    rules:
      - alert: E
        expr: |-
          b > 1
        for: 0
        keep_firing_for: 1h
        labels: {severity: critical}
        annotations: {summary: E is wrong}
  - name: empty
`);
  assert.deepEqual(recordings, [
    {
      kind: 'recording',
      record: 'b',
      expr: 'sum(c)',
      labels: { code: '503' },
      group: 'a',
      intervalMs: 90_000,
      reads: ['c'],
    },
  ]);
  assert.deepEqual(alerts, [
    {
      ...{ kind: 'alerting', alert: 'E', expr: 'b > 1', forMs: 0, keepFiringForMs: 3_600_000, reads: ['b'] },
      ...{ labels: { severity: 'critical' }, summary: 'E is wrong', group: 'd', intervalMs: 60_000 },
    },
  ]);
});

test('says everything that is wrong with a file, with its place', () => {
  const text =
    'groups:\n  - name: a\n    interval: often\n    rules:\n      - alert: B\n        expr: up\n        for: 5 minutes\n      - {expr: up}\n';
  assert.deepEqual(
    problemsOf(() => read(text)),
    [
      'rules.yml:3:5: groups.0.interval: "often" is no duration such as 30s or 1h30m',
      'rules.yml:7:9: groups.0.rules.0.for: "5 minutes" is no duration such as 30s or 1h30m',
      'rules.yml:8:9: groups.0.rules.1: {"expr":"up"} needs either record or alert',
    ],
  );
});

test('orders recording rules by what they read, and finds those that read themselves', () => {
  const rule = (record: string, reads: readonly string[]) =>
    ({ kind: 'recording', record, reads, expr: '', labels: {}, group: '', intervalMs: 1 }) as const;
  const { levels, circular } = orderRules([
    rule('c', ['a', 'b']),
    rule('a', ['raw']),
    rule('b', ['a']),
    rule('a', ['raw']),
    rule('self', ['self']),
    rule('after', ['self']),
  ]);
  assert.deepEqual(
    levels.map((level) => level.map(({ record }) => record)),
    [['a', 'a'], ['b'], ['c']],
  );
  assert.deepEqual(
    circular.map(({ record }) => record),
    ['self', 'after'],
  );
});
