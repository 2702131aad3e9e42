import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readNginxLogFormat } from '../../../../../src/config/log-format/nginx-log-format.ts';
import { createAutoParser } from '../../../../../src/input/log/formats/auto-parser.ts';
import { FORMATS } from '../../../../../src/input/log/formats/formats.ts';
import { createKnownParser } from '../../../../../src/input/log/formats/known-parser.ts';
import { createLineParser } from '../../../../../src/input/log/formats/line-parser.ts';
import type { LogFormat } from '../../../../../src/input/log/formats/log-format.ts';
import { nginxLogFormat } from '../../../../../src/input/log/formats/nginx-log-format.ts';
import type { KindOptions } from '../../../../../src/input/log/formats/reader/kind-reader.ts';
import { createReferenceParser } from '../../../../../src/input/log/formats/reference-parser.ts';
import type { LineParser, LineResult } from '../../../../../src/input/log/parsed-line.ts';
import { HEAD, scanSpace } from '../../../../../src/input/log/scan/space.ts';
import { FORMAT_LOGS, type FormatLog, linesOf } from '../../../../support/format-logs.ts';
import { linesLike } from '../../../../support/lines-like.ts';

// Some formats write local time.
process.env.TZ = 'UTC';

const CLOCK = { nowMs: () => Date.UTC(2026, 8, 2) };
const RUNS = Number(process.env.SCAN_RUNS ?? 40);

function kindsOf({ format, logFormat }: FormatLog): readonly LogFormat[] {
  if (logFormat === undefined) return FORMATS[format];
  const read = readNginxLogFormat(logFormat);
  assert.ok(typeof read !== 'string');
  return nginxLogFormat(read);
}

/** A scanner and the reader whose results it must give, both of one log. */
function readersOf(log: FormatLog, options: Partial<KindOptions> = {}) {
  const reading: KindOptions = { provider: 'novita', clock: CLOCK, fields: log.fields, ...options };
  if (log.format === 'auto') {
    const plain = createAutoParser(FORMATS.auto, reading, () => undefined);
    return { scanned: createAutoParser(FORMATS.auto, reading), plain };
  }
  return { scanned: createKnownParser(kindsOf(log), reading), plain: createReferenceParser(kindsOf(log), reading) };
}

/** What stands behind a line in a buffer: the scanner must not take any of it for a part of the line. */
const BEHIND = ['', '\n', '\r\n', '\n{"status":200', '"}\n', ' 200 0.1 "m" 77'];

/** Reads a line in both ways that there are, as it stands among others in a buffer; answers what the scanner itself read of it. */
function assertSame(
  { scanned, plain }: { readonly scanned: LineParser; readonly plain: LineParser },
  line: Buffer,
): boolean {
  // A line holds no newline, and the carriage return before it is none of it.
  if (line.includes(10) || line.at(-1) === 13) return false;
  const expected = plain(line, 0, line.length);
  for (const behind of BEHIND) {
    const bytes = Buffer.concat([Buffer.from('}x"'), line, Buffer.from(behind)]);
    assert.deepEqual(scanned(bytes, 3, 3 + line.length), expected, String(line));
  }
  return isSameAhead(scanned, line, expected);
}

/** As `assertSame`, each reader asked once: what `auto` found out depends on all lines before. */
function assertSameOnce(
  { scanned, plain }: { readonly scanned: LineParser; readonly plain: LineParser },
  line: Buffer,
): void {
  const whole = Buffer.concat([line, Buffer.from('\n')]);
  const expected = plain(line, 0, line.length);
  const result = readAhead(scanned, whole, 0) ?? scanned(line, 0, line.length);
  assert.deepEqual(result, expected, String(line));
}

/** What a line that ends a buffer is when it is read without having been cut out; undefined when it is not read so. */
function readAhead({ ahead }: LineParser, bytes: Buffer, start: number): LineResult | undefined {
  const taken = ahead?.read({ bytes, start, limit: bytes.length, maxLineBytes: bytes.length, leavesWrapped: false });
  if (taken === undefined || taken.end === start) return undefined;
  const { batch, filtered, result, end } = taken;
  assert.equal(end, bytes.length);
  assert.equal(batch.length + filtered + (result === undefined ? 0 : 1), 1);
  const read = result ?? (filtered === 1 ? 'filtered' : batch.event(0));
  // A copy, as the scanner uses its event again.
  return typeof read === 'object' ? { ...read } : read;
}

function isSameAhead(scanned: LineParser, line: Buffer, expected: LineResult): boolean {
  let isRead = false;
  for (const end of ['\n', '\r\n']) {
    // Twice, as the first may teach it what the second is.
    for (let time = 0; time < 2; time += 1) {
      const result = readAhead(scanned, Buffer.concat([Buffer.from('\n'), line, Buffer.from(end)]), 1);
      if (result === undefined) continue;
      isRead = true;
      assert.deepEqual(result, expected, String(line));
    }
  }
  return isRead;
}

/** Lines that only mean something together change what the next one means, so they cannot be read twice. They are never scanned. */
const together = (log: FormatLog) => kindsOf(log).every(({ joins }) => joins !== undefined);

// What auto has found out depends on how often it was asked.
for (const log of FORMAT_LOGS.filter((one) => one.format !== 'auto' && !together(one))) {
  describe(log.name, () => {
    const lines = linesOf(log.name);

    test('its lines, in any order and again and again', () => {
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...lines), { maxLength: 60 }), fc.boolean(), (some, all) => {
          const readers = readersOf(log, { include: all ? 'all' : 'llm' });
          for (const line of [...some, ...some]) assertSame(readers, line);
        }),
        { numRuns: RUNS },
      );
    });

    test('lines that are like them', () => {
      const other = linesLike(lines);
      fc.assert(
        fc.property(fc.array(other, { minLength: 1, maxLength: 60 }), (others) => {
          const readers = readersOf(log);
          for (const line of lines) assertSame(readers, line);
          for (const line of [...others, ...others]) assertSame(readers, line);
        }),
        { numRuns: RUNS },
      );
    });
  });
}

test('lines of all formats in one log, of which one format after another is found out', () => {
  const logs = FORMAT_LOGS.filter((log) => !together(log)).map(({ name }) => linesOf(name));
  const some = fc.constantFrom(...logs).chain((lines) => fc.array(fc.constantFrom(...lines), { maxLength: 12 }));
  fc.assert(
    fc.property(fc.array(some, { maxLength: 12 }), (blocks) => {
      const readers = readersOf({ name: 'all', format: 'auto' });
      for (const line of blocks.flat()) assertSameOnce(readers, line);
    }),
    { numRuns: RUNS },
  );
});

test('a line that a container runtime wrapped is never read ahead', () => {
  for (const name of ['docker', 'cri']) {
    const parse = createLineParser({ format: 'auto', provider: 'novita', clock: CLOCK });
    for (const line of [...linesOf(name), ...linesOf(name)]) {
      const whole = Buffer.concat([line, Buffer.from('\n')]);
      assert.equal(readAhead(parse, whole, 0), undefined, String(line));
      parse(whole, 0, line.length);
    }
  }
});

test('a number before a separator of lists is not the whole value', () => {
  const logFormat =
    '[$time_iso8601] $upstream_header_time $upstream_addr "$request" $status $upstream_status $request_time';
  const readers = readersOf({ name: 'lists', format: 'nginx', logFormat });
  const line = (upstream: string) =>
    Buffer.from(`[2026-09-02T00:31:44+00:00] ${upstream} "POST /v1/chat/completions HTTP/1.1" 504 504 1.0`);
  assertSame(readers, line('0.5 10.0.0.1:80'));
  assert.ok(assertSame(readers, line('0.7 10.0.0.1:80')));
  for (const parts of ['0.5 : - 10.0.0.1:80 : 10.0.0.2:80', '0.5, - 10.0.0.1:80, 10.0.0.2:80'])
    assertSame(readers, line(parts));
});

test('the usual lines of nginx are scanned, from the second on', () => {
  for (const name of ['nginx-json', 'combined', 'nginx-text']) {
    const log = FORMAT_LOGS.find((one) => one.name === name);
    assert.ok(log !== undefined, name);
    const readers = readersOf(log);
    const lines = linesOf(name);
    for (const line of lines) assertSame(readers, line);
    const scanned = lines.filter((line) => assertSame(readers, line));
    assert.ok(scanned.length >= lines.length / 3, `${name}: ${scanned.length} of ${lines.length}`);
  }
});

test('ids are given out again before they run out, and nothing is taken for what had them before', () => {
  const space = scanSpace();
  assert.ok(space !== undefined);
  const readers = readersOf({ name: 'nginx-json', format: 'nginx-json' });
  const lines = linesOf('nginx-json');
  for (const line of lines) assertSame(readers, line);
  space.head[HEAD.lastId] = 2 ** 30;
  for (const line of [...lines].reverse()) assertSame(readers, line);
  assert.ok((space.head[HEAD.lastId] ?? 0) < 1000);
});
