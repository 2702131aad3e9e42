import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import { readNginxLogFormat } from '../../../../src/config/log-format/nginx-log-format.ts';
import { createAutoParser } from '../../../../src/input/log/formats/auto-parser.ts';
import { FORMATS } from '../../../../src/input/log/formats/formats.ts';
import { createLineParser } from '../../../../src/input/log/formats/line-parser.ts';
import { nginxLogFormat } from '../../../../src/input/log/formats/nginx-log-format.ts';
import { createReferenceParser } from '../../../../src/input/log/formats/reference-parser.ts';
import { createUnwrapper } from '../../../../src/input/log/formats/wrapper.ts';
import { Intake } from '../../../../src/input/log/intake.ts';
import type { LineParser } from '../../../../src/input/log/parsed-line.ts';
import { scanSpace } from '../../../../src/input/log/scan/space.ts';
import { renderOpenMetrics } from '../../../../src/metrics/exposition.ts';
import { createRecorder } from '../../../../src/metrics/record/recorder.ts';
import { TRUE_VALUES } from '../../../../src/metrics/scrapers.ts';
import { createStore } from '../../../../src/metrics/store.ts';
import { recordSource } from '../../../support/followed-log.ts';
import { FORMAT_LOGS, type FormatLog, linesOf } from '../../../support/format-logs.ts';
import { linesLike } from '../../../support/lines-like.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

process.env.TZ = 'UTC';

const RUNS = Number(process.env.BATCH_RUNS ?? 15);
const MAX_LINE_BYTES = 2000;
const catalogue = loadCatalogue();
const START = Date.UTC(2026, 8, 2);

/** A parser of whole lines, which knows nothing of scanning. */
function plainParser({ format, logFormat, fields }: FormatLog): LineParser {
  const clock = { nowMs: () => START };
  const inside = (lineClock: typeof clock) => {
    const options = { provider: 'novita', clock: lineClock, fields };
    if (format === 'auto') return createAutoParser(FORMATS.auto, options, () => undefined);
    const read = logFormat === undefined ? undefined : readNginxLogFormat(logFormat);
    assert.ok(typeof read !== 'string');
    return createReferenceParser(read === undefined ? FORMATS[format] : nginxLogFormat(read), options);
  };
  const parse = createUnwrapper({ wrapper: 'auto', maxLineBytes: MAX_LINE_BYTES, clock, inside });
  return (bytes, start, end) => parse(bytes, start, end);
}

/** An exporter's way from bytes to metrics. */
function createWay(parser: LineParser) {
  const clock = createManualClock(START);
  const store = createStore({ clock });
  const verdicts: string[] = [];
  const recorder = createRecorder({
    ...{ store, catalogue, clock },
    settings: {
      providers: { novita: { gatewayTimeoutSeconds: 60, host: 'api.novita.ai', models: [] } },
      modelLimit: 5,
    },
    onFailure: ({ timeMs, requestId }, { rule }) => verdicts.push(`${timeMs} ${requestId} ${rule}`),
  });
  const sink = recorder.source('access.log');
  const intake = new Intake({ sink, parserFor: () => parser, maxLineBytes: MAX_LINE_BYTES });
  const text = () => [...renderOpenMetrics(store.cut(), TRUE_VALUES)].join('');
  return { intake, verdicts, text, sources: recorder.sources };
}

const NUL = Buffer.alloc(3);
const end = fc.constantFrom('\n', '\n', '\n', '\n', '\r\n', '\n\n', '\n\0\0').map((text) => Buffer.from(text));
const oddLine = fc.oneof(
  fc.constantFrom(Buffer.alloc(0), NUL, Buffer.from('{"a":1}'), Buffer.from('not a line'), Buffer.from('{"log":"x"}')),
  fc.constant(Buffer.alloc(MAX_LINE_BYTES + 1, 'x')),
);

/** Where a chunk stands: where logs are read to, or anywhere else. */
function chunkAt(bytes: Buffer, isInSpace: boolean): Buffer {
  const space = scanSpace();
  assert.ok(space !== undefined);
  if (!isInSpace) return bytes;
  // What stood there before must not be taken for a part of it.
  bytes.copy(space.read, 17);
  return space.read.subarray(17, 17 + bytes.length);
}

for (const log of FORMAT_LOGS) {
  describe(log.name, () => {
    test('counts in batches what it counts line by line', () => {
      const lines = linesOf(log.name);
      // The same few lines again and again make kinds, others between them end batches.
      const line = fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...lines) },
        { weight: 5, arbitrary: linesLike(lines) },
        { weight: 1, arbitrary: oddLine },
      );
      const written = fc.array(fc.tuple(line, end), { minLength: 1, maxLength: 80 });
      const chunk = fc.record({ length: fc.integer({ min: 1, max: 6000 }), isInSpace: fc.boolean() });
      fc.assert(
        fc.property(written, fc.array(chunk, { minLength: 1, maxLength: 12 }), (some, chunks) => {
          const bytes = Buffer.concat([...some, ...some].flat());
          const batched = createWay(
            createLineParser({
              ...log,
              provider: 'novita',
              clock: { nowMs: () => START },
              maxLineBytes: MAX_LINE_BYTES,
            }),
          );
          const single = createWay(plainParser(log));
          let start = 0;
          for (let turn = 0; start < bytes.length; turn += 1) {
            const { length, isInSpace } = chunks[turn % chunks.length] ?? { length: 1, isInSpace: true };
            const piece = bytes.subarray(start, start + length);
            batched.intake.push(chunkAt(piece, isInSpace));
            single.intake.push(piece);
            start += length;
          }
          for (const { intake } of [batched, single]) intake.finish();
          assert.deepEqual(batched.verdicts, single.verdicts);
          assert.equal(batched.text(), single.text());
          assert.deepEqual(batched.sources(), single.sources());
        }),
        { numRuns: RUNS },
      );
    });
  });
}

test('a carriage return counts as a byte of its line, however lines are read', () => {
  const line = '{"time":"2026-09-02T00:31:44+00:00","uri":"/v1/chat/completions","status":200}';
  for (const [end, tooLong] of [
    ['\n', 0],
    ['\r\n', 2],
  ] as const) {
    const log = { ...({ format: 'nginx-json', provider: 'novita' } as const), clock: { nowMs: () => START } };
    const sink = recordSource();
    const parserFor = () => createLineParser({ ...log, maxLineBytes: line.length });
    const intake = new Intake({ sink, parserFor, maxLineBytes: line.length });
    // The first line teaches the scanner what the last two are.
    intake.push(Buffer.from(`${line}\n${line}${end}${line}${end}`));
    assert.equal(sink.rejected.length, tooLong);
    sink.assertBalanced();
  }
});
