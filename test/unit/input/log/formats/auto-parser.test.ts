import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLineParser } from '../../../../../src/input/log/formats/line-parser.ts';
import { linesOf } from '../../../../support/format-logs.ts';

const autoParser = () => {
  const parse = createLineParser({ format: 'auto', provider: 'p', clock: { nowMs: () => 0 } });
  return (line: Buffer) => parse(line, 0, line.length);
};

const NOISE: readonly (readonly [string, Buffer])[] = [
  ['console output', Buffer.from('worker 1: loading shard')],
  ['JSON of no kind', Buffer.from('{"level":"info","msg":"loading shard"}')],
  ['broken JSON', Buffer.from('{"level":')],
  ['bytes that are no text', Buffer.from([0xff, 0x00, 0x80, 0x1b, 0x22])],
];

for (const [name, noise] of NOISE) {
  for (const log of ['combined', 'haproxy', 'caddy', 'nginx-json']) {
    test(`no line of ${log} is lost behind a thousand lines of ${name}`, () => {
      const alone = autoParser();
      const wanted = linesOf(log).map((line) => alone(line));
      const behind = autoParser();
      for (let count = 0; count < 1000; count += 1) assert.notEqual(typeof behind(noise), 'object');
      for (const [index, line] of linesOf(log).entries()) {
        const result = behind(line);
        if (typeof wanted[index] === 'object') assert.deepEqual(result, wanted[index]);
        assert.notEqual(typeof behind(noise), 'object');
      }
    });
  }
}

test('what came before a request never decides whether it is read', () => {
  const noise = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('INFO:     x', '[a] "b" c', '{'));
  const parse = autoParser();
  const [good = Buffer.alloc(0)] = linesOf('combined');
  fc.assert(
    fc.property(fc.array(noise, { minLength: 1, maxLength: 50 }), (lines) => {
      for (const line of lines) parse(Buffer.from(line));
      assert.equal(typeof parse(good), 'object');
    }),
    { numRuns: 200 },
  );
});
