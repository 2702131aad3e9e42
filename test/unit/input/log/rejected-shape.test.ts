import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_SHAPE_LENGTH, rejectedShape } from '../../../../src/input/log/rejected-shape.ts';

/** The shape of a line in the middle of a buffer, as lines lie in one. */
function shapeOf(line: string | Buffer): string {
  const bytes = Buffer.from(line);
  return rejectedShape(Buffer.concat([Buffer.from('"before":'), bytes, Buffer.from(': after')]), 9, 9 + bytes.length);
}

const SHAPES: readonly (readonly [name: string, line: string, shape: string])[] = [
  [
    'an access line',
    '10.0.0.1 - - [02/Sep/2026:00:31:44 +0000] "POST /v1/chat/completions HTTP/1.1" 200 512 "-" "curl/8.0"',
    '0.0.0.0 - - [0/a/0:0:0:0 ?0] "a /x/a/a a/0.0" 0 0 "-" "a/0.0"',
  ],
  [
    'JSON, with the names that logs have and without those of anybody’s own',
    '{"time":"2026-09-02","status":"x","sk-live-4f": 7, "request_time": 1.5}',
    '{"time":"0-0-0","status":"a","a-a-x": 0, "request_time": 0.0}',
  ],
  ['logfmt', 'level=info dur=5ms msg="all is well, thank you"', 'level=a a=x msg="a…"'],
  ['a name where it names nothing', 'status latency', 'a a'],
  ['prose', 'My password is hunter2 and I am 41, do not tell.', 'a… 0, a….'],
  ['other scripts', '我的 密码 是', 'a…'],
  ['bytes that are no text', '\0\x01\x1b[31m', '?[x'],
  ['a name behind words', 'ax-request-id: a\tx-request-id: ', 'a-a-a: a x-request-id: '],
  ['an empty line', '', ''],
];
for (const [name, line, shape] of SHAPES) {
  test(`shows ${name}`, () => assert.equal(shapeOf(line), shape));
}

/** What is left of a shape when the names of fields are taken out: its alphabet, in which nothing can be said. */
const NOTHING_SAID = /^(?:[a0x](?![a-z0-9])|["'{}[\]:,=|/_. …?-])*$/;
const NAMES =
  /(?<![\w.@-])(?:time|status|level|msg|message|model|request_time|x-request-id|@timestamp)(?=["']? ?[:=])/g;

const logish = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'abzA09_-./=:"\' {}[]|,@ \t') }),
      fc.constantFrom('"status":', 'time=', 'sk-live-', '"msg" : ', '\0', '@timestamp', 'x-request-id: '),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

describe('whatever a line says', () => {
  test('no word and no number of it is in its shape', () => {
    fc.assert(
      fc.property(logish, (line) => {
        const shape = shapeOf(line);
        assert.match(shape.replace(NAMES, ''), NOTHING_SAID);
        assert.ok(shape.length <= MAX_SHAPE_LENGTH);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a secret put anywhere into a line that is otherwise known leaves no part of it', () => {
    const lines = SHAPES.map(([, line]) => line);
    fc.assert(
      fc.property(
        fc.constantFrom(...lines),
        fc.nat(100),
        fc.stringMatching(/^[b-wyzB-WYZ1-9]{4,40}$/),
        (line, at, secret) => {
          const shape = shapeOf(line.slice(0, at) + secret + line.slice(at)).replace(NAMES, '');
          for (let from = 0; from + 4 <= secret.length; from += 1) {
            assert.ok(!shape.includes(secret.slice(from, from + 4)), `${secret} in ${shape}`);
          }
        },
      ),
    );
  });

  test('a line of any length costs no more than its beginning', () => {
    const line = Buffer.alloc(8 * 1024 * 1024, '"a.b@c":');
    const shape = shapeOf(line);
    assert.equal(shape.length, MAX_SHAPE_LENGTH);
    assert.ok(shape.endsWith('…'));
  });
});
