import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.ts';
import { configuredParser } from '../../../src/input/configured-parser.ts';
import { Intake } from '../../../src/input/log/intake.ts';
import { recordSource } from '../../support/followed-log.ts';
import { linesOf } from '../../support/format-logs.ts';
import { createManualClock } from '../../support/manual-clock.ts';

function readAll(lines: readonly Buffer[], settings: object) {
  const { stdin } = configSchema.parse({ stdin: settings });
  assert.ok(stdin !== undefined);
  const sink = recordSource();
  const intake = new Intake({ sink, parserFor: () => configuredParser(stdin, createManualClock(), sink) });
  for (const line of lines) intake.push(Buffer.concat([line, Buffer.from('\n')]));
  return sink;
}

test('the spans of one line count as lines of their own', () => {
  const lines = linesOf('otlp');
  const sink = readAll(lines, { format: 'otlp' });
  sink.assertBalanced();
  assert.equal(sink.lines, lines.length + 1);
  assert.equal(sink.events.length, 8);
});

test('all settings of a log are heard', () => {
  const settings = {
    format: 'nginx',
    log_format: '$status $request_uri $took $request_time',
    fields: { duration: 'took' },
    duration_unit: 'ms',
    exclude_paths: ['/v1/em*'],
    wrapper: 'cri',
    provider: 'novita',
  };
  const cri = (text: string) => Buffer.from(`2026-09-02T00:31:44.250123456Z stdout F ${text}`);
  const sink = readAll([cri('503 /v1/messages 12 9.5'), cri('200 /v1/embeddings 12 9.5')], settings);
  sink.assertBalanced();
  assert.equal(sink.filteredLines, 1);
  const [event] = sink.events;
  assert.deepEqual(
    [event?.provider, event?.code, event?.durationSeconds, event?.timeMs],
    ['novita', 503, 0.012, Date.parse('2026-09-02T00:31:44.250Z')],
  );
});
