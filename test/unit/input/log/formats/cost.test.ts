import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINE_FORMATS } from '../../../../../src/config/schema-lines.ts';
import { createLineParser } from '../../../../../src/input/log/formats/line-parser.ts';
import { processorMs } from '../../../../support/processor-time.ts';

const SIZE = 200_000;
const fill = (text: string) => text.repeat(SIZE / text.length);

/** What a client might write to have its lines searched for ever: beginnings of everything that is looked for, over and over. */
const HOSTILE: readonly string[] = [
  fill('"'),
  fill('\\"'),
  fill('\\'),
  fill(', '),
  fill(' : '),
  fill('$1 - - ['),
  fill('(1: '),
  `1 - - [02/Sep/2026:00:31:44 +0000] "${fill('\\" ')}`,
  `2026/09/02 00:31:44 [error] 3#3: *2 ${fill('upstream timed out (1: while ')}, client: c, server: s, request: "POST /v1/messages HTTP/1.1"`,
  JSON.stringify({ message: fill('Exception occured - litellm '), level: 'ERROR', timestamp: 'now' }),
  JSON.stringify({ message: fill('1:1:'), level: 'INFO', timestamp: 'now' }),
  JSON.stringify({ status: 500, request_time: 1, uri: fill('/a'), upstream_status: fill('502, '), model: fill('\\/') }),
  JSON.stringify({ time: 'x', log: fill('a') }),
  fill('INFO:     '),
  `[x] "${fill('a "')}`,
  `2026-09-02T00:31:44Z stdout F ${fill('haproxy[1]: ')}`,
];

test('no line of 200 KB costs any format more than a few looks along it', () => {
  const excludePaths = [`/${'a*'.repeat(50)}b`];
  for (const format of LINE_FORMATS) {
    const parse = createLineParser({ format, excludePaths, provider: 'p', clock: { nowMs: () => 0 } });
    const took = processorMs(() => {
      for (const line of HOSTILE) {
        const bytes = Buffer.from(line);
        parse(bytes, 0, bytes.length);
      }
    });
    // Quadratic would be hours; the limit is far from what any machine takes for 3 MB.
    assert.ok(took < 10_000, `${format}: ${took} ms`);
  }
});
