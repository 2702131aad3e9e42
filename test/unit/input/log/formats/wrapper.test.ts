import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineParser, type LineParserOptions } from '../../../../../src/input/log/formats/line-parser.ts';
import type { LineResult } from '../../../../../src/input/log/parsed-line.ts';

const LINE = '{"status":503,"request_time":0.012,"uri":"/v1/chat/completions","model":"m"}';

function parserOf(options: Partial<LineParserOptions> = {}): (line: string) => LineResult {
  const parse = createLineParser({ format: 'nginx-json', provider: 'p', clock: { nowMs: () => 5 }, ...options });
  return (line) => {
    const bytes = Buffer.from(line);
    return parse(bytes, 0, bytes.length);
  };
}

const docker = (log: string, stream = 'stdout') =>
  JSON.stringify({ log, stream, time: '2026-09-02T00:31:44.250123456Z' });
const cri = (tag: string, content: string, stream = 'stdout') =>
  `2026-09-02T00:31:44.250123456Z ${stream} ${tag} ${content}`;

for (const [runtime, whole, piece] of [
  ['docker', (text: string) => docker(`${text}\n`), docker],
  [
    'cri',
    (text: string, stream?: string) => cri('F', text, stream),
    (text: string, stream?: string) => cri('P', text, stream),
  ],
] as const) {
  test(`${runtime}: a line is read as if it stood alone, at the time of the runtime when it has none`, () => {
    const result = parserOf()(whole(LINE));
    assert.ok(typeof result === 'object');
    assert.equal(result.code, 503);
    assert.equal(result.timeMs, Date.parse('2026-09-02T00:31:44.250Z'));
  });

  test(`${runtime}: pieces are joined, by stream, and each line counts once`, () => {
    const parse = parserOf();
    const results = [
      piece(LINE.slice(0, 10)),
      piece(LINE.slice(0, 20), 'stderr'),
      piece(LINE.slice(10, 30)),
      runtime === 'docker' ? docker(`${LINE.slice(20)}\n`, 'stderr') : cri('F', LINE.slice(20), 'stderr'),
      whole(LINE.slice(30)),
    ].map((line) => {
      const result = parse(line);
      return typeof result === 'object' ? result.code : result;
    });
    assert.deepEqual(results, ['filtered', 'filtered', 'filtered', 503, 503]);
  });

  test(`${runtime}: the rest of a record whose beginning was never seen is rejected, and the next is read`, () => {
    const parse = parserOf();
    assert.equal(parse(whole(LINE.slice(30))), 'invalid_json');
    assert.equal(typeof parse(whole(LINE)), 'object');
  });

  test(`${runtime}: a record longer than a line may be is rejected once, at its end, and not held`, () => {
    const parse = parserOf({ maxLineBytes: 1000 });
    const long = 'x'.repeat(600);
    assert.deepEqual(
      [parse(piece(long)), parse(piece(long)), parse(piece(long))],
      ['filtered', 'filtered', 'filtered'],
    );
    assert.equal(parse(whole(long)), 'too_long');
    assert.equal(typeof parse(whole(LINE)), 'object');
  });
}

test('a wrapper that is configured must be there; without one nothing is taken off', () => {
  assert.equal(parserOf({ wrapper: 'cri' })(LINE), 'no_match');
  assert.equal(parserOf({ wrapper: 'docker' })(cri('F', LINE)), 'no_match');
  assert.equal(parserOf({ wrapper: 'none' })(docker(`${LINE}\n`)), 'missing_code');
  assert.equal(typeof parserOf({ wrapper: 'auto' })(LINE), 'object');
});

test('a JSON log that has a field called log is not taken for wrapped', () => {
  const line = JSON.stringify({ log: 'access', status: 200, uri: '/v1/chat/completions' });
  assert.equal(typeof parserOf()(line), 'object');
});
