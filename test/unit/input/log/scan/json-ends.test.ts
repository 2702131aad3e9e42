import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endOfBare, endOfString } from '../../../../../src/input/log/scan/json/ends.ts';
import * as kernel from '../../../../../src/input/log/scan/kernel/ends.ts';
import { findEngine } from '../../../../../src/input/log/scan/wasm/engine.ts';
import { encodeModule } from '../../../../../src/input/log/scan/wasm/module.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function viewOf(text: string): { readonly view: DataView; readonly length: number } {
  const bytes = Uint8Array.from(Buffer.from(text, 'latin1'));
  return { view: new DataView(bytes.buffer), length: bytes.length };
}

/** The same in the form in which kernels have it: of text at the beginning of a memory, with a newline behind it. */
function inKernel(text: string) {
  const engine = findEngine();
  assert.ok(engine !== undefined);
  const routines = [
    { ...kernel.endOfBare(), name: 'bare' },
    { ...kernel.endOfAnyString(), name: 'string' },
  ];
  const memory = new engine.Memory({ initial: 1, maximum: 1 });
  new Uint8Array(memory.buffer).set(Buffer.from(`${text}\n`, 'latin1'));
  const { exports } = new engine.Instance(new engine.Module(encodeModule(routines, 1)), { space: { memory } });
  // Safe: these are the names above.
  return exports as { readonly bare: (at: number) => number; readonly string: (at: number) => number };
}

const pieces = (texts: readonly string[]) =>
  fc.array(fc.constantFrom(...texts), { maxLength: 12 }).map((all) => all.join(''));

test('a number or word ends where JSON says, and is none where JSON says so', () => {
  const words = pieces([...'0123456789.-+eE', 'true', 'false', 'null', 'tru', 'x']);
  fc.assert(
    fc.property(words, (word) => {
      const { view, length } = viewOf(`:${word},`);
      const end = word !== '' && isJson(word) ? length - 1 : -1;
      assert.equal(endOfBare(view, 1, length), end);
      assert.equal(endOfBare(view, 1, length - 1), -1, 'it may go on');
      // A kernel looks at what follows by itself, and leaves exponents alone.
      const found = inKernel(`:${word},`).bare(1);
      const isTaken = end !== -1 && !/\d[eE]/.test(word);
      assert.equal(found > 0 && `:${word},`[found] === ',', isTaken);
      if (isTaken) assert.equal(found, end);
    }),
    { numRuns: 1000 },
  );
});

test('a string ends where JSON says, and is none where JSON says so', () => {
  const contents = pieces([
    'a',
    'bcdefghij',
    ' ',
    '\\"',
    '\\\\',
    '\\n',
    '\\u00e9',
    '\\u12',
    '\\x22',
    '\t',
    '\x7f',
    '\xc3\xa9',
    '\xff',
    '{',
    ':',
  ]);
  fc.assert(
    fc.property(contents, pieces(['', 'a', '"', '\\']), (content, behind) => {
      const { view, length } = viewOf(`"${content}"${behind}`);
      const end = isJson(`"${content}"`) ? content.length + 1 : -1;
      assert.equal(inKernel(`"${content}"${behind}`).string(1) || -1, end);
      assert.equal(endOfString(view, 1, length), content.includes('\\') ? -1 : end);
    }),
    { numRuns: 1000 },
  );
});
