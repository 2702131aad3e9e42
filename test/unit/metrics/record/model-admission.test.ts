import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createAdmission } from '../../../../src/metrics/record/model-admission.ts';

function newAdmission(modelLimit = 200, models: readonly string[] = []) {
  const overflows: string[] = [];
  const admission = createAdmission({ onOverflow: (label) => overflows.push(label) });
  admission.configure({ providers: { novita: { models } }, modelLimit });
  return { ...admission, overflows };
}

describe('model label', () => {
  test('is "other" until an answer proves the name, and the name from then on', () => {
    const { model } = newAdmission();
    assert.equal(model('novita', 'llama', false), 'other');
    assert.equal(model('novita', 'llama', true), 'llama');
    assert.equal(model('novita', 'llama', false), 'llama');
  });

  test('is known at once for configured models', () => {
    assert.equal(newAdmission(200, ['llama']).model('novita', 'llama', false), 'llama');
  });

  test('is admitted per provider', () => {
    const { model } = newAdmission(200, ['llama']);
    assert.equal(model('openai', 'llama', false), 'other');
  });

  test('is known at once, and beyond the limit, for what an earlier run counted under', () => {
    const { model, provider, restore, overflows } = newAdmission(2);
    const counted = ['a', 'b', 'c', 'other', 'unknown'].map((name) => ({ provider: 'novita', model: name }));
    restore([...counted, { provider: 'other', model: 'd' }, { provider: 'old', model: 'e' }]);
    for (const name of ['a', 'b', 'c']) assert.equal(model('novita', name, false), name);
    assert.deepEqual([model('other', 'd', false), model('old', 'e', false), provider('old')], ['d', 'e', 'old']);
    assert.deepEqual(overflows, []);
    assert.equal(model('novita', 'f', true), 'other');
    assert.deepEqual(overflows, ['model']);
  });

  test('takes nothing of the limit for "other" and "unknown"', () => {
    const { model, restore } = newAdmission(1);
    restore(['other', 'unknown'].map((name) => ({ provider: 'novita', model: name })));
    assert.equal(model('novita', 'a', true), 'a');
  });

  test('is "unknown" where the request names none', () => {
    const { model } = newAdmission();
    for (const raw of [undefined, '', '   ', '\n\t', '\u200b']) assert.equal(model('novita', raw, true), 'unknown');
  });

  test('is trimmed and printable', () => {
    const { model } = newAdmission();
    assert.equal(model('novita', '  a\u0000b\u001bc\u202ed\r\n ', true), 'abcd');
    assert.equal(model('novita', 'abcd', false), 'abcd');
  });

  test('is cut at 128 bytes, between two characters', () => {
    const { model } = newAdmission();
    assert.equal(model('novita', `a${'é'.repeat(100)}`, true), `a${'é'.repeat(63)}`);
    assert.equal(model('novita', 'x'.repeat(5_000_000), true), 'x'.repeat(128));
  });

  test('is always printable, well formed and bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (raw) => {
        const label = newAdmission().model('novita', raw, true);
        assert.ok(Buffer.byteLength(label) <= 128 && label !== '' && label === label.trim());
        assert.ok(label.isWellFormed() && !/[\p{Cc}\p{Cf}]/u.test(label));
        assert.equal(newAdmission(200, [label]).model('novita', raw, false), label);
      }),
    );
  });

  test('a million made-up names leave the limit and what is live untouched', () => {
    const { model, overflows } = newAdmission(3, ['configured']);
    const labels = new Set<string>();
    for (let index = 0; index < 1_000_000; index += 1) labels.add(model('novita', `made-up-${index}`, true));
    assert.deepEqual([...labels], ['made-up-0', 'made-up-1', 'other']);
    assert.equal(overflows.length, 999_998);
    assert.equal(model('novita', 'configured', false), 'configured');
    assert.equal(model('novita', 'made-up-1', false), 'made-up-1');
  });

  test('a reload raises the limit and loses nothing', () => {
    const admission = newAdmission(1);
    assert.equal(admission.model('novita', 'a', true), 'a');
    assert.equal(admission.model('novita', 'b', true), 'other');
    admission.configure({ providers: {}, modelLimit: 2 });
    assert.equal(admission.model('novita', 'a', false), 'a');
    assert.equal(admission.model('novita', 'b', true), 'b');
  });
});

describe('provider label', () => {
  test('is bounded, but never for configured providers', () => {
    const admission = newAdmission();
    const labels = new Set<string>();
    for (let index = 0; index < 1_000; index += 1) labels.add(admission.provider(`host-${index}`));
    assert.equal(labels.size, 50);
    assert.ok(labels.has('other'));
    admission.configure({ providers: { late: { models: [] } }, modelLimit: 1 });
    assert.equal(admission.provider('late'), 'late');
    assert.deepEqual(new Set(admission.overflows), new Set(['provider']));
  });
});
