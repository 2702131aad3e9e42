import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApiKey } from '../../../../../src/input/proxy/routing/api-key.ts';
import { createLog } from '../../../../../src/log.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { tempDir } from '../../../../support/temp-dir.ts';

const CHAT = '/v1/chat/completions';

function context(provider = 'acme') {
  const lines: string[] = [];
  return { provider, clock: createManualClock(), log: createLog({ write: (line) => lines.push(line) }), lines };
}

test('the header is the one in which the provider takes its key', () => {
  const headers = (provider: string, target = '/v1/x') =>
    createApiKey({ value: ' sk-1\n' }, context(provider)).headersFor(target);
  assert.deepEqual(headers('acme'), ['authorization', 'Bearer sk-1']);
  assert.deepEqual(headers('anthropic', '/v1/messages'), ['x-api-key', 'sk-1']);
  assert.deepEqual(headers('anthropic', CHAT), ['authorization', 'Bearer sk-1'], 'where it speaks as OpenAI');
  assert.deepEqual(headers('gemini', '/v1beta/models/x:generateContent'), ['x-goog-api-key', 'sk-1']);
  assert.deepEqual(headers('gemini', '/v1beta/openai/models'), ['authorization', 'Bearer sk-1']);
});

test('a file that is exchanged is read again, after a second at the earliest', async (t) => {
  const dir = await tempDir(t);
  const file = join(dir, 'key');
  await writeFile(file, 'sk-1\n');
  const { clock, ...others } = context();
  const key = createApiKey({ file }, { clock, ...others });
  const now = () => key.headersFor(CHAT)[1];
  assert.equal(now(), 'Bearer sk-1');

  await writeFile(join(dir, 'next'), 'sk-2');
  await rename(join(dir, 'next'), file);
  assert.equal(now(), 'Bearer sk-1');
  clock.advance(999);
  assert.equal(now(), 'Bearer sk-1');
  clock.advance(1);
  assert.equal(now(), 'Bearer sk-1', 'no request waits for the file');
  await eventually(() => assert.equal(now(), 'Bearer sk-2'));
});

test('a file that has gone or holds no key leaves the last key in use, and is told of once without its content', async (t) => {
  const file = join(await tempDir(t), 'key');
  await writeFile(file, 'sk-1');
  const { clock, lines, ...others } = context();
  const key = createApiKey({ file }, { clock, ...others });
  const look = () => {
    clock.advance(1000);
    return key.headersFor(CHAT)[1];
  };
  await rm(file);
  await eventually(() => {
    assert.equal(look(), 'Bearer sk-1');
    assert.equal(lines.length, 1);
  });
  await writeFile(file, 'two words of-a-secret');
  await eventually(() => {
    assert.equal(look(), 'Bearer sk-1');
    assert.equal(lines.length, 2);
  });
  for (let looks = 0; looks < 5; looks += 1) look();
  await writeFile(file, 'sk-3');
  await eventually(() => assert.equal(look(), 'Bearer sk-3'));
  assert.match(lines[0] ?? '', /ENOENT/);
  assert.match(lines[1] ?? '', /more than one word/);
  assert.equal(lines.length, 2);
  assert.doesNotMatch(lines.join(), /sk-|of-a-secret/);
});
