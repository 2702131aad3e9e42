import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What runs before is done when everything is imported: Node strips types with WebAssembly. */
const script = (first: string) => `
import { createLineParser } from './src/input/log/formats/line-parser.ts';
${first}
const parse = createLineParser({ format: 'nginx-json', provider: 'novita', clock: { nowMs: () => 0 } });
const bytes = Buffer.from('{"time":"2026-09-02T00:31:44+00:00","uri":"/v1/chat/completions","status":200}\\n');
const piece = { bytes, start: 0, limit: bytes.length, maxLineBytes: 1000, leavesWrapped: false };
for (let count = 0; count < 3; count += 1) {
  console.log(parse(bytes, 0, bytes.length - 1).code, parse.ahead?.read(piece)?.batch.event(0).code);
}
`;

const ARGS = ['--input-type=module', '--eval'];

test('lines are read where Node has no WebAssembly', async () => {
  const without = await run(process.execPath, [...ARGS, script('delete globalThis.WebAssembly;')]);
  assert.equal(without.stdout, '200 undefined\n200 undefined\n200 undefined\n');
});

test('lines are scanned where code may not be made from strings', async () => {
  const { stdout } = await run(process.execPath, ['--disallow-code-generation-from-strings', ...ARGS, script('')]);
  assert.equal(stdout, '200 200\n200 200\n200 200\n');
});
