import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../../../src/classify/catalogue.ts';
import { classify } from '../../../../../src/classify/classify.ts';
import { LINE_FORMATS } from '../../../../../src/config/schema-lines.ts';
import { REJECT_REASONS } from '../../../../../src/event/sink.ts';
import { createLineParser, type LineParserOptions } from '../../../../../src/input/log/formats/line-parser.ts';
import type { LineParser, LineResult } from '../../../../../src/input/log/parsed-line.ts';
import { FORMAT_LOGS, type FormatLog, LOG_FIXTURES, linesOf } from '../../../../support/format-logs.ts';

// Some formats write local time.
process.env.TZ = 'UTC';

const catalogue = loadCatalogue();
const CLOCK = { nowMs: () => Date.UTC(2026, 8, 2) };

/** Reads lines as the log is configured, each with all that it gave. */
function readerOf(log: FormatLog, options: Partial<LineParserOptions> = {}): (line: Buffer) => readonly LineResult[] {
  const more: LineResult[] = [];
  const { format, logFormat, fields } = log;
  const also = (result: LineResult) => more.push(result);
  const parse = createLineParser({ format, logFormat, fields, provider: 'novita', clock: CLOCK, also, ...options });
  return (line) => {
    more.length = 0;
    return [parseAmongOthers(parse, line), ...more];
  };
}

/** Other bytes around it, as in a reader's buffer: a parser must keep to its line. */
function parseAmongOthers(parse: LineParser, line: Buffer): LineResult {
  const bytes = Buffer.concat([Buffer.from('}x"\\'), line, Buffer.from('"}\n')]);
  return parse(bytes, 4, bytes.length - 3);
}

function describeResult(result: LineResult): string {
  if (typeof result === 'string') return result;
  const { timeMs, final: _final, provider: _provider, ...event } = result;
  const { cause } = classify(result, catalogue);
  return `${result.code} ${cause} ${JSON.stringify({ time: new Date(timeMs).toISOString(), ...event })}`;
}

for (const log of FORMAT_LOGS) {
  test(`${log.name}.log gives the events and causes of ${log.name}.golden`, () => {
    const read = readerOf(log);
    const told = linesOf(log.name).map((line) => read(line).map(describeResult).join('\n + '));
    const golden = new URL(`${log.name}.golden`, LOG_FIXTURES);
    const text = `${told.join('\n')}\n`;
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
    assert.doesNotMatch(text, /secret|REDACTED/);
  });
}

test('every format has a log of its own, with at least six lines of requests', () => {
  const missing = LINE_FORMATS.filter((format) => !FORMAT_LOGS.some((log) => log.format === format));
  assert.deepEqual(missing, []);
  for (const log of FORMAT_LOGS) {
    const read = readerOf(log);
    const requests = linesOf(log.name)
      .flatMap(read)
      .filter((result) => typeof result === 'object');
    assert.ok(requests.length >= (['docker', 'cri'].includes(log.name) ? 5 : 6), `${log.name}: ${requests.length}`);
  }
});

/** Left to find out for itself, a parser makes the same of a line; what it cannot know is a log_format, and which log is an error log. */
const KNOWN_BY_CONFIGURATION = ['nginx', 'nginx-error', 'haproxy', 'structlog', 'json'];
for (const log of FORMAT_LOGS.filter(({ format }) => !KNOWN_BY_CONFIGURATION.includes(format))) {
  test(`auto makes the same requests of ${log.name}.log`, () => {
    const given = readerOf(log);
    const found = readerOf(log, { format: 'auto' });
    const isRequest = (result: LineResult) => typeof result === 'object';
    for (const line of linesOf(log.name)) {
      assert.deepEqual(found(line).filter(isRequest), given(line).filter(isRequest), line.toString());
    }
  });
}

test('no line makes any parser throw or answer outside its set', () => {
  const samples = FORMAT_LOGS.map((log) => ({
    read: readerOf(log),
    auto: readerOf(log, { format: 'auto' }),
    lines: linesOf(log.name),
  }));
  const allLines = samples.flatMap(({ lines }) => lines);
  const mutated = fc
    .record({
      line: fc.constantFrom(...allLines),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
      drop: fc.nat({ max: 20 }),
      insert: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.constantFrom('"', '\\', ' : ', ', ', '{', '}', '\0', '[', '-1', '1e999'),
      ),
    })
    .map(({ line, cut, drop, insert }) => {
      const at = Math.floor(cut * line.length);
      return Buffer.concat([line.subarray(0, at), Buffer.from(insert), line.subarray(at + drop)]);
    });
  const any = fc.oneof(
    mutated,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(any, (line) => {
      for (const { read, auto } of samples) {
        for (const result of [...read(line), ...auto(line)]) assertInSet(result);
      }
    }),
    { numRuns: 400 },
  );
});

function assertInSet(result: LineResult): void {
  if (typeof result === 'string') {
    assert.ok(result === 'filtered' || REJECT_REASONS.includes(result), result);
    return;
  }
  assert.ok(Number.isSafeInteger(result.timeMs) && result.code >= 100 && result.code <= 599, JSON.stringify(result));
  for (const seconds of [result.durationSeconds, result.firstTokenSeconds]) {
    assert.ok(seconds === undefined || (Number.isFinite(seconds) && seconds >= 0), String(seconds));
  }
}
