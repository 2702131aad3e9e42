import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, parseFault, pickFault } from '../../../src/simulate/faults.ts';
import { createRandom } from '../../../src/simulate/random.ts';

test('a fault is read as people type it', () => {
  assert.deepEqual(parseFault('surge_protection'), { cause: 'surge_protection', rate: 1, afterMs: 0 });
  assert.deepEqual(
    parseFault('cause=model_overloaded, rate=0.25,model=a/b-1.5,stream=false,afterMs=20,afterTokens=3'),
    {
      cause: 'model_overloaded',
      rate: 0.25,
      model: 'a/b-1.5',
      stream: false,
      afterMs: 20,
      afterTokens: 3,
    },
  );
});

for (const [text, message] of [
  ['cause=gremlins', /fault\.cause: "gremlins" is none of the causes/],
  ['rate=0.5', /fault\.cause/],
  ['surge_protection,rate=1.5', /fault\.rate/],
  ['surge_protection,rate=half', /fault\.rate/],
  ['surge_protection,stream=perhaps', /fault\.stream/],
  ['surge_protection,afterTokens=1.5', /fault\.afterTokens/],
  ['surge_protection,model=', /fault\.model/],
  ['', /fault\.cause/],
] as const) {
  test(`the fault "${text}" is refused by name`, () => {
    assert.throws(() => parseFault(text), { name: 'ProblemError', message });
  });
}

test('a model whose name is a number stays a name', () => {
  assert.equal(parseFault('surge_protection,model=4').model, '4');
});

test('faults share one draw, so that their rates add up', () => {
  const faults: Fault[] = [
    { cause: 'surge_protection', rate: 0.3, afterMs: 0 },
    { cause: 'model_loading', rate: 0.2, afterMs: 0, model: 'm' },
  ];
  const random = createRandom(5);
  const counts = { surge_protection: 0, model_loading: 0, none: 0 };
  for (let i = 0; i < 10_000; i++) {
    const cause = pickFault(faults, { model: 'm', stream: false }, random)?.cause ?? 'none';
    counts[cause as keyof typeof counts] += 1;
  }
  assert.ok(Math.abs(counts.surge_protection - 3000) < 150, JSON.stringify(counts));
  assert.ok(Math.abs(counts.model_loading - 2000) < 150, JSON.stringify(counts));
});

test('a rate of 0 never fails and a rate of 1 always does', () => {
  const target = { model: 'm', stream: true };
  assert.equal(
    pickFault([{ cause: 'model_loading', rate: 0, afterMs: 0 }], target, () => 0),
    undefined,
  );
  assert.equal(
    pickFault([{ cause: 'model_loading', rate: 1, afterMs: 0 }], target, () => 0.999)?.cause,
    'model_loading',
  );
});
