import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compare, isLast } from '../../../../support/requests/comparison.ts';
import { type SentBytes, sentBytes } from '../../../../support/requests/grammar.ts';
import { startNodeOracle } from '../../../../support/requests/node-oracle.ts';
import { cut, readRequests } from '../../../../support/requests/reading.ts';

/** What node's parser takes and ours does not, each by intent: it may be read in two ways, or is served nowhere behind us. */
const STRICTER_IN: readonly string[] = [
  // RFC 9112 section 2.2 lets a recipient take a bare LF, section 3 several spaces.
  'a line of the head does not end in CRLF',
  'the first line must be METHOD target HTTP/1.1, with single spaces',
  // Sections 6.1 and 6.3.
  'Content-Length must be said once, in at most 15 digits',
  'transfer_encoding_in_http_1_0',
  'unknown_transfer_coding',
  // Section 3.2, and versions that node reads by their number alone.
  'invalid_host',
  'invalid_request_target',
  'missing_host',
  'unknown_http_version',
];

const RUNS = 2500;

test('what is accepted is read as node:http reads it, and nothing else is behind it (RFC 9112 section 11.2)', async (t) => {
  const oracle = await startNodeOracle(t);
  let accepted = 0;
  const check = async ({ text, sizes }: SentBytes): Promise<void> => {
    // What ours has read is its own.
    const ours = readRequests(cut(text, sizes), { isLast });
    const seen = compare(text, ours, await oracle.read(cut(text, sizes)));
    assert.notEqual(seen.kind, 'other', JSON.stringify(seen));
    if (seen.kind === 'other') return;
    if (seen.kind === 'wider') assert.ok(seen.why !== undefined, `node refuses it with ${seen.error}`);
    else assert.ok(seen.refused === undefined || STRICTER_IN.includes(seen.refused), `ours: ${seen.refused}`);
    accepted += seen.accepted;
  };
  await fc.assert(fc.asyncProperty(sentBytes, check), { numRuns: RUNS });
  // Or all would be nothing but refusals.
  assert.ok(accepted > RUNS / 4, `${accepted} requests were accepted`);
});
