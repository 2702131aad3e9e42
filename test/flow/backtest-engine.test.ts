import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Engine, EngineError, startEngine } from '../../src/history/engine/engine.ts';
import { STALE } from '../../src/history/engine/remote-write.ts';
import { longWindow } from '../../src/history/judge/long-window.ts';
import type { RecordingRule } from '../../src/history/rules/rule-file.ts';
import { createRandom } from '../../src/simulate/random.ts';
import { putOnPath } from '../support/past-programs.ts';

type Written = (number | typeof STALE)[];

const START = Date.UTC(2026, 0, 1);
const STEP = 30_000;
const at = (step: number) => START + step * STEP;

let engine: Engine;
before(async () => {
  await putOnPath('prometheus');
  engine = await startEngine();
});
after(() => engine.stop());

test('gives back what was written, from any time on and in any order of series', async () => {
  const labels = { __name__: 'later', model: 'ü"\\\n{', zone: 'a', a: '' };
  const values = [0, 1.5, -2e300, 5e-324, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  await engine.write([{ labels, timesMs: values.map((_, step) => at(1e6 + step)), values }]);
  await engine.write([{ labels: { __name__: 'earlier' }, timesMs: [at(0), at(1)], values: [7, 2 ** 53 - 1] }]);
  const [later] = await engine.queryRange('later', { startMs: at(1e6), endMs: at(1e6 + 6), stepMs: STEP });
  assert.deepEqual(later, {
    labels: { __name__: 'later', model: 'ü"\\\n{', zone: 'a' },
    timesMs: values.map((_, step) => at(1e6 + step)),
    values,
  });
  const [earlier] = await engine.queryRange('earlier', { startMs: at(0), endMs: at(1), stepMs: STEP });
  assert.deepEqual(earlier?.values, [7, 2 ** 53 - 1]);
  assert.deepEqual([...engine.names], ['later', 'earlier']);
});

test('a series ends where it is marked to, and not five minutes later', async () => {
  const timesMs = [at(0), at(1), at(2), at(4)];
  const values: Written = [1, 1, STALE, 1];
  await engine.write([{ labels: { __name__: 'ended' }, timesMs, values }]);
  const [ended] = await engine.queryRange('ended', { startMs: at(0), endMs: at(5), stepMs: STEP });
  assert.deepEqual(ended?.timesMs, [at(0), at(1), at(4), at(5)]);
});

test('answers with any number of steps', async () => {
  const count = 12_000;
  const timesMs = Array.from({ length: count }, (_, step) => at(step));
  await engine.write([{ labels: { __name__: 'long' }, timesMs, values: timesMs.map((_, step) => step) }]);
  const [long] = await engine.queryRange('long', { startMs: at(0), endMs: at(count - 1), stepMs: STEP });
  assert.deepEqual(long?.timesMs, timesMs);
  assert.deepEqual(long?.values, [...timesMs.keys()]);
});

test("says in Prometheus' words what is wrong with an expression", async () => {
  const range = { startMs: at(0), endMs: at(1), stepMs: STEP };
  await assert.rejects(
    engine.queryRange('sum(', range),
    (error) => error instanceof EngineError && /parse error/.test(error.message),
  );
});

const recording = (record: string, expr: string): RecordingRule => ({
  ...{ kind: 'recording', record, expr, labels: {}, group: 'g', intervalMs: STEP, reads: [] },
});

test('a long quantile is worked out as Prometheus does it at every step, and only where that is certain', async () => {
  const random = createRandom(4);
  const steps = Array.from({ length: 2_000 }, (_, step) => step).filter((step) => step % 97 > 20 || step > 900);
  // Holes are marked as the recording of rules marks them, or the query looks back into them.
  const series = ['a', 'b'].map((model) => ({
    labels: { __name__: 'ratio', model },
    timesMs: steps.flatMap((step) => (steps.includes(step + 1) ? [at(step)] : [at(step), at(step + 1)])),
    values: steps.flatMap((step): Written => (steps.includes(step + 1) ? [random()] : [random(), STALE])),
  }));
  await engine.write(series);
  const range = { startMs: at(0), endMs: at(1_999), stepMs: STEP };
  const rules = [recording('ratio', 'x')];
  const rule = recording('usual', 'quantile_over_time(0.9, ratio[3h] offset 15m)');
  const worked = await longWindow(engine, rule, { range, rules });
  const asked = await engine.queryRange(rule.expr, range);
  assert.ok((asked[0]?.values.length ?? 0) > 1_000);
  assert.deepEqual(worked, asked);
  const others = [
    'quantile_over_time(0.9, ratio[1h])',
    'quantile_over_time(0.9, other[3h])',
    'quantile_over_time(0.9, ratio[3h]) * 2',
    'quantile_over_time(0.9, ratio[3h:1m])',
  ];
  for (const expr of others)
    assert.equal(await longWindow(engine, recording('usual', expr), { range, rules }), undefined);
});
