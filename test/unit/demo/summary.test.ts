import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableOf } from '../../../src/demo/summary.ts';

test('the table adds streamed and whole answers up and leaves out what never happened', () => {
  const metrics = `# TYPE llm_requests_total counter
llm_requests_total{provider="p",model="b",code="503",cause="surge_protection",stream="true"} 2
llm_requests_total{provider="p",model="b",code="503",cause="surge_protection",stream="false"} 40
llm_requests_total{provider="p",model="b",code="200",cause="none",stream="true"} 0
llm_requests_total{provider="p",model="a \\"}\\" 7",code="200",cause="none",stream="true"} 5
llm_attempts_total{provider="p",model="b",code="503",cause="surge_protection"} 99
`;
  assert.equal(
    tableOf(metrics),
    [
      '  model      code  cause             requests',
      '  a \\"}\\" 7  200   none              5',
      '  b          503   surge_protection  42',
      '',
    ].join('\n'),
  );
});

test('without requests the table is only its headline', () => {
  assert.equal(tableOf(''), '  model  code  cause  requests\n');
});
