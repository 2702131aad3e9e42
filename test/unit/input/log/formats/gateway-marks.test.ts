import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../../../src/classify/catalogue.ts';
import { classify } from '../../../../../src/classify/classify.ts';
import { configSchema } from '../../../../../src/config/schema.ts';
import { FIELD_NAMES } from '../../../../../src/input/log/fields/field-map.ts';
import { createLineParser } from '../../../../../src/input/log/formats/line-parser.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';

const parse = createLineParser({ format: 'auto', provider: 'p', clock: createManualClock() });
const catalogue = loadCatalogue();

function causeOf(fields: Readonly<Record<string, unknown>>): string {
  const line = Buffer.from(JSON.stringify({ 'x-envoy-origin-path': '/v1/chat/completions', ...fields }));
  const event = parse(line, 0, line.length);
  assert.ok(typeof event === 'object', String(event));
  return classify(event, catalogue).cause;
}

test("a gateway's flags and details in a JSON log lead to the cause", () => {
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ response_code: 200, response_flags: '-', response_code_details: 'via_upstream' }, 'none'],
    [
      { response_code: 503, response_flags: 'UF', response_code_details: 'upstream_reset_before_response_started' },
      'upstream_unreachable',
    ],
    [
      { response_code: 503, response_flags: 'UH', response_code_details: 'no_healthy_upstream' },
      'no_available_backend',
    ],
    [{ response_code: 503, response_flags: 'UO', response_code_details: 'overflow' }, 'gateway_overload'],
    [{ response_code: 504, response_flags: 'UT', duration: 15000 }, 'upstream_timeout'],
    [{ response_code: 503, response_flags: '-', response_code_details: 'via_upstream' }, 'service_unavailable'],
    [{ response_code: 503, response_code_details: 'no_healthy_upstream' }, 'no_available_backend'],
    [{ status: 503, termination_state: 'SC--' }, 'upstream_unreachable'],
    [{ status: 504, termination_state: 'sH--' }, 'upstream_timeout'],
    [{ status: 200, termination_state: 'SD--' }, 'stream_interrupted'],
    [{ status: 200, termination_state: 'CD--' }, 'client_aborted'],
  ];
  for (const [fields, cause] of cases) assert.equal(causeOf(fields), cause, JSON.stringify(fields));
});

test('the configuration can name the place of every field that is read', () => {
  const config = configSchema.parse({ stdin: { fields: Object.fromEntries(FIELD_NAMES.map((name) => [name, name])) } });
  assert.deepEqual(Object.keys(config.stdin?.fields ?? {}).sort(), [...FIELD_NAMES].sort());
});
