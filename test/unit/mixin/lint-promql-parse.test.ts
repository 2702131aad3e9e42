import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bare, everyOf, everyPart, isScalar, subjectOf } from '../../support/promql/expression.ts';
import { formatSeconds, readDuration, readNumber, unquote } from '../../support/promql/literals.ts';
import { parsePromql, promqlOf } from '../../support/promql/parse.ts';

/** The text of every part, outer before inner. */
const partsOf = (text: string) =>
  everyPart(promqlOf(text)).map(({ expression: { kind, from, to } }) => `${kind} ${text.slice(from, to)}`);

describe('PromQL as it is read', () => {
  test('knows its parts and where each stands', () => {
    assert.deepEqual(partsOf('sum(rate(a{b="c"}[5m] offset 1h)) by (d) > 0.5'), [
      'binary sum(rate(a{b="c"}[5m] offset 1h)) by (d) > 0.5',
      'aggregation sum(rate(a{b="c"}[5m] offset 1h)) by (d)',
      'call rate(a{b="c"}[5m] offset 1h)',
      'range a{b="c"}[5m] offset 1h',
      'selector a{b="c"}',
      'number 0.5',
    ]);
    assert.deepEqual(partsOf('(a @ end())[1h:5m]'), [
      'subquery (a @ end())[1h:5m]',
      'paren (a @ end())',
      'selector a @ end()',
    ]);
  });

  test('reads matchers of each kind, and what is quoted in any way', () => {
    const [place] = everyOf(promqlOf(`a{b="x\\"y",c!='z',d=~\`\\w+\`,e!~""}`), 'selector');
    assert.deepEqual(
      place?.expression.matchers.map(({ label, operator, value }) => [label, operator, value]),
      [
        ['b', '=', 'x"y'],
        ['c', '!=', 'z'],
        ['d', '=~', '\\w+'],
        ['e', '!~', ''],
      ],
    );
  });

  test('reads how sides are joined', () => {
    const joined = promqlOf('a * on (b, c) group_left (d) e > bool ignoring () f');
    assert.ok(joined.kind === 'binary' && joined.left.kind === 'binary');
    assert.deepEqual([joined.bool, joined.matching], [true, { mode: 'ignoring', labels: [] }]);
    const many = { side: 'left', include: ['d'] };
    assert.deepEqual(joined.left.matching, { mode: 'on', labels: ['b', 'c'], many });
  });

  test('binds operators as Prometheus does', () => {
    const or = promqlOf('a and b or c unless d');
    assert.ok(or.kind === 'binary' && or.left.kind === 'binary' && or.right.kind === 'binary');
    assert.deepEqual([or.operator, or.left.operator, or.right.operator], ['or', 'and', 'unless']);
  });

  test('reads ranges and offsets in seconds, backwards too', () => {
    const [range] = everyOf(promqlOf('rate(a[1h30m] offset -1d)'), 'range');
    assert.deepEqual([range?.expression.range.seconds, range?.expression.offset?.seconds], [5400, -86_400]);
  });

  test('knows what a function is about, and what is only a number', () => {
    const call = promqlOf('quantile_over_time(0.9, a[5m])');
    assert.equal(call.kind === 'call' ? subjectOf(call)?.kind : '', 'range');
    assert.deepEqual(
      ['1 + -(2)', 'time()', 'scalar(a)', 'a', 'vector(1)'].map((text) => isScalar(promqlOf(text))),
      [true, true, true, false, false],
    );
    assert.equal(bare(promqlOf('((a))')).kind, 'selector');
  });

  const refused: Readonly<Record<string, string>> = {
    'a > ': 'not PromQL at "its end"',
    '': 'not PromQL at "its end"',
    'a{b="c"': 'not PromQL at "its end"',
    'a b': 'not PromQL at "b"',
    'rate(a[5m] anchored)': 'AnchoredExpr is not in Prometheus 2.42',
    'a + on (b) fill(0) c': '"fill(0)" is not in Prometheus 2.42',
    'rate(a[5m * 2])': '"5m * 2" is no duration of Prometheus 2.42',
    '{"a.b"}': '""a.b"" needs Prometheus 3',
  };
  for (const [text, message] of Object.entries(refused)) {
    test(`refuses "${text}"`, () => assert.equal(parsePromql(text).faults[0]?.message, message));
  }
});

describe('literals', () => {
  test('durations are read and written', () => {
    assert.deepEqual(['5m', '1h30m', '1d', '500ms', '0', '5', '1.5h', '-5m', ''].map(readDuration), [
      300,
      5400,
      86_400,
      0.5,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual([300, 5400, 604_800, 90, 0.5].map(formatSeconds), ['5m', '90m', '7d', '90s', '500ms']);
  });

  test('numbers of every form', () => {
    assert.deepEqual(['0.5', '1e3', '0x1F', 'Inf', '1_000'].map(readNumber), [
      0.5,
      1000,
      31,
      Number.POSITIVE_INFINITY,
      1000,
    ]);
  });

  test('quotes are taken off', () => {
    assert.deepEqual(['"a\\nb"', "'it\\'s'", '`\\d`', 'plain'].map(unquote), ['a\nb', "it's", '\\d', 'plain']);
  });
});
