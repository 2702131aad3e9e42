import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { contentOf } from '../../../../src/input/syslog/message.ts';

function read(message: string | Buffer): string | undefined {
  // Other bytes around it: nothing beyond the message may be looked at.
  const before = Buffer.from('[<1>');
  const bytes = Buffer.concat([before, Buffer.from(message), Buffer.from('[x]: more')]);
  const content = contentOf(bytes, before.length, before.length + Buffer.byteLength(message));
  return content && bytes.toString('utf8', content.start, content.end);
}

const JSON_LINE = '{"status": 200, "path": "/v1/chat/completions: x"}';
const HAPROXY_LINE =
  '10.0.1.2:33317 [22/Nov/2026:12:14:14.655] web api/s1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "POST /v1 HTTP/1.1"';

/** As the programs write them; the content is always the same. */
const SENT: Readonly<Record<string, string>> = {
  nginx: '<190>Nov 22 10:00:00 web-1 nginx: @',
  'nginx with nohostname': '<190>Nov  2 10:00:00 nginx: @',
  'nginx with a tag': '<190>Nov 22 10:00:00 web-1.example.org llm_api: @',
  'HAProxy, format rfc3164 or local': '<134>Nov 22 10:00:00 haproxy[123]: @',
  'HAProxy with log-send-hostname': '<134>Nov 22 10:00:00 edge haproxy[123]: @',
  'HAProxy, format rfc5424': '<134>1 2026-11-22T10:00:00+00:00 edge haproxy 123 - - @',
  'HAProxy, format priority': '<134>@',
  'a tag without a time': '<134>haproxy[123]: @',
  'HAProxy, format short': '<6>@',
  'HAProxy, format timed': '<6>2026-11-22T10:00:00.123456+00:00 @',
  'HAProxy, format raw': '@',
  'rsyslog forwarding': '<134>2026-11-22T10:00:00.123+01:00 fe80::1 nginx: @',
  'RFC 5424 with data':
    '<165>1 2003-10-11T22:14:15.003Z host app - ID47 [ex-1 a="x] \\"y\\" \\\\" b="1"][two-1 c=""] @',
  'RFC 5424 with a byte order mark': '<165>1 - - - - - - \uFEFF@',
  'a newline at the end': '<190>Nov 22 10:00:00 web-1 nginx: @\n',
  'a NUL at the end': '<190>Nov 22 10:00:00 web-1 nginx: @\r\n\0',
};

describe('the content of a syslog message', () => {
  for (const [sender, message] of Object.entries(SENT)) {
    test(`is found as it is: ${sender}`, () => {
      for (const line of [JSON_LINE, HAPROXY_LINE]) assert.equal(read(message.replace('@', line)), line);
    });
  }

  for (const message of [
    '',
    '\n',
    '<',
    '<>x',
    '<192>x',
    '<1234>x',
    '<-1>x',
    '<1',
    '<12x>y',
    '<34>1 too short',
    '<34>1 - - - - - x y',
    '<34>1 - - - - - [a b="c',
    '<34>1 - - - - - [a]x',
  ]) {
    test(`is not in ${JSON.stringify(message)}`, () => assert.equal(read(message), undefined));
  }

  test('may be empty', () => {
    assert.equal(read('<34>1 - - - - - -'), '');
    assert.equal(read('<34>1 - - - - - [a]'), '');
    assert.equal(read('<34>Nov 22 10:00:00 h nginx:'), '');
  });

  test('lies within the message, whatever that is', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '<',
        '34',
        '>',
        '1 ',
        '- ',
        '-',
        '[',
        ']',
        '"',
        '\\',
        ' ',
        'a',
        ': ',
        'Nov 22 10:00:00 ',
        '\n',
        '\u00e9',
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.from(parts.join(''));
        const content = contentOf(bytes, 0, bytes.length);
        if (content !== undefined)
          assert.ok(content.start >= 0 && content.start <= content.end && content.end <= bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});
