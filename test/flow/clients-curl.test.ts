import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BothWays, startBothWays } from '../support/both-ways.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp-dir.ts';

const CHAT = '/v1/chat/completions';

test('curl works through the sidecar as it does without', async (t) => {
  const both = await startBothWays(t);
  const folder = await tempDir(t);
  await t.test('whole answers, byte for byte', () => wholeAnswers(both));
  await t.test('streams, compressed answers and tools', () => streams(both));
  await t.test('uploads that wait for 100-continue, and chunked ones', () => uploads(both, folder));
  await t.test('other methods, HTTP/1.0 and kept connections', () => otherWays(both));
  await t.test('the status and body of each error', () => errors(both));
  await t.test('answers that break off', () => broken(both));
  await t.test('every request is counted by the code that the client saw', async () => {
    assert.equal((await both.counted())['499'], undefined);
  });
  await t.test('timeouts and kills', (t) => leaving(t, both));
  await t.test('what the client left is counted as that', async () => {
    assert.equal((await both.counted())['499'], 2);
  });
  await t.test('a reset before the headers is an answer that says so', () => resets(both));
});

interface Run {
  readonly exitCode: number;
  /** With `-i` the head too, without the lines that are about the connection. */
  readonly output: string;
}

function start(args: readonly string[]): ChildProcess {
  return spawn('curl', ['--silent', '--no-buffer', '--globoff', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function curl(...args: readonly string[]): Promise<Run> {
  const child = start(args);
  let output = '';
  child.stdout?.setEncoding('latin1').on('data', (text) => (output += text));
  const [exitCode] = await once(child, 'close');
  return { exitCode, output: output.replace(/^(?:date|connection|keep-alive): .*\r\n/gim, '') };
}

function body(stream: boolean, maxTokens = 20): readonly string[] {
  const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }], max_tokens: maxTokens, stream };
  return ['-H', 'content-type: application/json', '-d', JSON.stringify(ask)];
}

function cause(name: string): readonly string[] {
  return ['-H', `x-simulate-cause: ${name}`];
}

async function wholeAnswers(both: BothWays): Promise<void> {
  const { chat, embeddings } = await both.same(async (url) => ({
    chat: await curl('-i', url + CHAT, ...body(false)),
    embeddings: await curl('-i', `${url}/v1/embeddings`, '-d', '{"model":"m","input":["a","b"]}'),
  }));
  assert.match(
    chat.output,
    /^HTTP\/1\.1 200 OK\r\ncontent-type: application\/json\r\ncontent-length: \d+\r\n\r\n\{"id":/,
  );
  assert.match(embeddings.output, /"embedding":\[/);
}

async function streams(both: BothWays): Promise<void> {
  const { stream, packed, unpacked, tools } = await both.same(async (url) => ({
    stream: await curl('-i', url + CHAT, ...body(true)),
    packed: await curl('-i', `${url}/packed${CHAT}`, ...body(true)),
    unpacked: await curl('--compressed', `${url}/packed${CHAT}`, ...body(true)),
    tools: await curl('-i', `${url}/tools${CHAT}`, ...body(true)),
  }));
  assert.match(stream.output, /\r\ntransfer-encoding: chunked\r\n/i);
  assert.equal(stream.output.match(/^data: /gm)?.length, 23);
  assert.match(packed.output, /content-encoding: gzip\r\n/);
  assert.match(unpacked.output, /^data: .*"tool_calls"/);
  assert.match(tools.output, /"finish_reason":"tool_calls"/);
}

async function uploads(both: BothWays, folder: string): Promise<void> {
  const path = join(folder, 'batch.jsonl');
  await writeFile(path, Buffer.alloc(5_000_000, 'a line of a batch\n'));
  // Above a megabyte curl asks for permission first.
  const form = ['-F', 'purpose=batch', '-F', `file=@${path};type=application/jsonl`];
  const runs = await both.same((url) =>
    Promise.all([
      curl('-i', `${url}/v1/files`, ...form),
      curl('-i', `${url}/v1/files`, ...form, '-H', 'transfer-encoding: chunked'),
      curl('-i', `${url}/v1/files`, ...form, '-H', 'expect:'),
    ]),
  );
  for (const { output } of runs) assert.match(output, /purpose.*batch\.jsonl application\/jsonl 5000000 [0-9a-f]{64}/);
  assert.match(runs[0]?.output ?? '', /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
}

async function otherWays(both: BothWays): Promise<void> {
  const { kept, old } = await both.same(async (url) => ({
    kept: await curl(`${url}/v1/models`, `${url}/v1/models`, '-w', '\n%{num_connects}\n'),
    head: await curl('-I', `${url}/v1/models`),
    options: await curl('-i', '-X', 'OPTIONS', url + CHAT),
    query: await curl('-i', `${url}/v1/models?a=b%2Fc&d[]=%C3%A9`),
    old: await curl('-i', '--http1.0', url + CHAT, ...body(true)),
  }));
  assert.deepEqual(kept.output.match(/^[01]$/gm), ['1', '0']);
  assert.equal(old.output.match(/^data: /gm)?.length, 23);
}

async function errors(both: BothWays): Promise<void> {
  const causes = [
    'auth_invalid_key',
    'rate_limit_tpm',
    'surge_protection',
    'upstream_timeout',
    'blocked_by_waf',
    'unclassified',
  ];
  const statuses = [400, 404, 409, 422, 500, 529];
  const runs = await both.same((url) =>
    Promise.all([
      ...causes.map((name) => curl('-i', '--fail-with-body', url + CHAT, ...cause(name), ...body(false))),
      ...statuses.map((status) =>
        curl('-i', '--fail-with-body', url + CHAT, '-H', `x-answer-status: ${status}`, ...body(false)),
      ),
    ]),
  );
  assert.deepEqual(
    runs.map(({ output }) => Number(output.split(' ')[1])),
    [403, 429, 503, 504, 403, 418, ...statuses],
  );
  assert.ok(runs.every(({ exitCode }) => exitCode === 22));
}

/** curl's 18: a partial file. */
async function broken(both: BothWays): Promise<void> {
  const runs = await both.same(async (url) => [
    await curl('-i', url + CHAT, ...cause('stream_interrupted'), ...body(true)),
    await curl('-i', url + CHAT, ...cause('stream_interrupted'), ...body(false)),
    await curl('-i', url + CHAT, ...cause('model_overloaded,afterTokens=2'), ...body(true)),
  ]);
  assert.deepEqual(
    runs.map(({ exitCode }) => exitCode),
    [18, 18, 0],
  );
}

/** Nobody can tell curl when its time is over. Long enough for a request to get to the API, however many others want the processor. */
const MAX_TIME_SECONDS = '8';

/** curl's 28: out of time. */
async function leaving(t: TestContext, both: BothWays): Promise<void> {
  const left = () => both.api.answered()['499'] ?? 0;
  const runs = await both.same(async (url) => {
    const leftBefore = left();
    const late = await curl(url + CHAT, ...cause('client_aborted'), ...body(false), '--max-time', MAX_TIME_SECONDS);
    const child = start([`${url}/slow${CHAT}`, ...body(true, 1000)]);
    t.after(() => child.kill());
    if (child.stdout !== null) await once(child.stdout, 'data');
    child.kill();
    await once(child, 'close');
    await eventually(() => assert.equal(left(), leftBefore + 2));
    return late.exitCode;
  });
  assert.equal(runs, 28);
}

/** curl's 52: nothing was answered. The sidecar's connection to the client has not broken, and it says what has. */
async function resets(both: BothWays): Promise<void> {
  const reset = (url: string) =>
    curl('-i', '--fail-with-body', url + CHAT, ...cause('upstream_bad_response'), ...body(false));
  assert.ok([52, 56].includes((await reset(both.api.url)).exitCode));
  const { exitCode, output } = await reset(both.sidecar);
  assert.equal(exitCode, 22);
  assert.match(output, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
}
