import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SCRIPT = `
import { createLineParser } from './src/input/log/formats/line-parser.ts';
const parse = createLineParser({ format: 'nginx-json', provider: 'novita', clock: { nowMs: () => 0 } });
const line = Buffer.from('{"time":"2026-09-02T00:31:44+00:00","uri":"/v1/chat/completions","status":200}\\n');
for (let count = 0; count < 3; count += 1) console.log(parse(line, 0, line.length - 1).code, parse.ahead?.read(line, 0, line.length)?.code);
`;

test('lines are read where Node may not make code of its own', async () => {
  const args = ['--input-type=module', '--eval', SCRIPT];
  const forbidden = await run(process.execPath, ['--disallow-code-generation-from-strings', ...args]);
  assert.equal(forbidden.stdout, '200 undefined\n200 undefined\n200 undefined\n');
  // The first line of a shape is learned from, the next is scanned.
  const allowed = await run(process.execPath, args);
  assert.equal(allowed.stdout, '200 200\n200 200\n200 200\n');
});
