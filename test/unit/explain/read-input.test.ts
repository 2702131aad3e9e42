import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { CAUSES } from '../../../src/classify/causes.ts';
import { createExplainer, type Judged } from '../../../src/explain/explainer.ts';
import { INPUT_FORMATS, inputKind } from '../../../src/explain/read-input.ts';
import { createLog } from '../../../src/log.ts';
import { createManualClock } from '../../support/manual-clock.ts';

describe('inputKind', () => {
  const INPUTS: readonly (readonly [format: string, input: string])[] = [
    ['body', ''],
    ['body', 'upstream connect error'],
    ['body', '{\n  "error": {"message": "x"}\n}\n'],
    ['body', '{"error":{"message":"x"},"request_time":1}'],
    ['body', '{"code":429,"reason":"RATE_LIMIT","message":"slow down"}'],
    ['body', '[{"error":{"code":503}}]'],
    ['body', 'data: {"error":{}}\n\ndata: [DONE]\n\n'],
    ['body', '<html><title>502 Bad Gateway</title></html>'],
    ['curl', 'HTTP/1.1 502 Bad Gateway\r\nserver: nginx\r\n\r\n'],
    ['curl', 'HTTP/2 429 \r\n\r\n'],
    ['curl', '*   Trying 192.0.2.1:443...\n< HTTP/2 429 \r\n< \r\n'],
    ['har', '{"log":{"entries":[]}}'],
    ['har', '{"startedDateTime":"2026-01-01T00:00:00Z","request":{"headers":[]},"response":{}}'],
    ['body', '{"request":{},"response":{},"time":1}'],
    ['body', 'Internal Server Error'],
    ['body', '{"detail":[{"loc":["body","model"],"msg":"field required","type":"value_error.missing"}]}'],
    ['body', '{"timestamp":"2026-01-01T00:00:00Z","status":404,"error":"Not Found","path":"/v1/chat/completions"}'],
    ['body', '{"message":"litellm.proxy: Exception occured - litellm.Timeout: x","code":408}'],
    ['body', '{"type":"error","error":{"type":"overloaded_error","message":"x"},"request_id":"r"}'],
    [
      'lines',
      '{"level":30,"time":1788309104250,"req":{"method":"POST"},"res":{"statusCode":200},"msg":"request completed"}',
    ],
    ['lines', '{\n  "level": "error",\n  "ts": 1788309104.2,\n  "msg": "x",\n  "error": "upstream timeout"\n}'],
    ['lines', '{"latencies":{"request":1},"request":{},"response":{"status":200},"started_at":1788309104250}'],
    ['lines', '{"call_type":"acompletion","status":"failure","startTime":1788309104.2,"endTime":1788309105.2}'],
    ['lines', '{"resourceSpans":[]}'],
    ['lines', '{"log":"{}\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}'],
    ['body', '{"error": {\n"message": "no JSON'],
    ['lines', '10.0.0.1 - - [02/Sep/2026:00:31:44 +0000] "POST /v1/chat/completions HTTP/1.1" 503 5 "-" "curl/8"'],
    ['lines', '{"status":503,"request_time":1.5}'],
    ['lines', '{"status":503}\n{"status":200}\n'],
    ['lines', '{"status":503,"method":"POST"}\r\n\r\nbroken'.replace('broken', '{"status":1}')],
  ];
  for (const [format, input] of INPUTS) {
    it(`takes ${JSON.stringify(input.slice(0, 40))} for ${format}`, () => {
      assert.equal(inputKind(Buffer.from(input)), format);
    });
  }
});

describe('an explainer', () => {
  const log = createLog({ write: (line) => assert.fail(line) });
  const explainer = createExplainer({ catalogue: loadCatalogue(), clock: createManualClock(), log });

  it('answers anything with a cause of the set or with what is wrong, and never throws', async () => {
    const pieces = fc.constantFrom(
      ...[
        'HTTP/1.1 ',
        '503 ',
        '\r\n',
        '\n',
        'a: b',
        '{',
        '}',
        '"',
        '"error"',
        ':',
        ',',
        '[',
        ']',
        'data: ',
        '< ',
        '> ',
        '* ',
      ],
      ...[
        '{"log":{"entries":[{"request":{"method":"POST","url":"http://a/v1/chat/completions"},"response":{"status":200}}]}}',
      ],
    );
    const text = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }).map((parts) => Buffer.from(parts.join('')));
    const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));
    const headers = fc.constantFrom({}, { 'content-encoding': 'gzip' }, { 'content-type': 'text/event-stream' });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(text, bytes),
        fc.constantFrom(...INPUT_FORMATS),
        headers,
        async (input, format, given) => {
          for await (const item of explainer.explain(input, { format, hints: { headers: given, include: 'all' } })) {
            assert.ok(isAnswered(item));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  function isAnswered(item: Judged): boolean {
    if ('filtered' in item) return item.filtered;
    return 'unreadable' in item ? item.unreadable.length > 0 : CAUSES.includes(item.verdict.cause);
  }
});
