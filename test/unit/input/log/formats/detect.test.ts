import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectFormat, detectFormats } from '../../../../../src/input/log/formats/detect.ts';
import { FORMAT_LOGS, linesOf } from '../../../../support/format-logs.ts';

const WRAPPED = ['docker', 'cri'];

for (const { name, format } of FORMAT_LOGS.filter(
  (log) => log.logFormat === undefined && !WRAPPED.includes(log.name),
)) {
  test(`${name}.log is found to be ${format}`, () => {
    const found = detectFormat(linesOf(name));
    assert.equal(found?.format, format, JSON.stringify(detectFormats(linesOf(name))));
    assert.equal(found.wrapper, 'none');
    assert.ok(found.confidence > 0.5, String(found.confidence));
  });
}

for (const name of WRAPPED) {
  test(`${name}.log is found to be wrapped, and what is inside`, () => {
    const found = detectFormat(linesOf(name));
    assert.equal(found?.format, 'uvicorn');
    assert.equal(found.wrapper, name);
  });
}

test('what is no request log is found to be nothing', () => {
  assert.equal(detectFormat([]), undefined);
  assert.equal(
    detectFormat(['all work and no play', '{"a":1}', '\0\0\0', ''].map((line) => Buffer.from(line))),
    undefined,
  );
});

test('among other lines the confidence is the share of those that fit', () => {
  const [line = Buffer.alloc(0)] = linesOf('alb');
  const found = detectFormat([line, line, line, Buffer.from('noise')]);
  assert.deepEqual(
    { ...found, title: '' },
    { format: 'alb', wrapper: 'none', title: '', confidence: 0.75, events: 3, lines: 4 },
  );
});
