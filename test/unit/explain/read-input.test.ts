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
    ['har', '{"request":{},"response":{},"time":1}'],
    ['body', 'Internal Server Error'],
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
