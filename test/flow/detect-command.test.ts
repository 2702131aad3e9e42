import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { runCli, startExporter } from '../support/exporter.ts';
import { tempDir } from '../support/temp-dir.ts';

function jsonLine(fields: object): string {
  const line = {
    time_iso8601: '2026-09-02T00:31:44+00:00',
    request_uri: '/v1/chat/completions',
    status: 200,
    ...fields,
  };
  return `${JSON.stringify(line)}\n`;
}

const COMBINED =
  '10.1.2.3 - - [02/Sep/2026:00:31:44 +0000] "POST /v1/chat/completions HTTP/1.1" 503 512 "-" "OpenAI/Python 1.99.1"\n';

/** What `detect --json` says of one log of this content. */
async function detected(content: string | Buffer, ...flags: string[]) {
  const { stdout, code } = await runCommand(['detect', '--json', ...flags, '-'], { stdin: content });
  return { code, report: JSON.parse(stdout) };
}

test('the configuration that it prints is accepted, and serves the log', async (t) => {
  const dir = await tempDir(t);
  const log = join(dir, 'llm.json');
  const config = join(dir, 'config.yml');
  await writeFile(log, jsonLine({ request_time: 1.5, model: 'm' }).repeat(3));
  const found = await runCommand(['detect', log, '--provider', 'novita']);
  assert.equal(found.code, 0);
  const [, pasted = ''] = found.stdout.split(/^# .*check-config.*\n/m);
  assert.match(pasted, /^logs:\n/);
  await writeFile(config, pasted);
  assert.equal((await runCommand(['check-config', config])).code, 0);
  const exporter = await startExporter(t, [`--config.file=${config}`, '--upstream=http://127.0.0.1:9']);
  await appendFile(log, jsonLine({ request_time: 1.5, model: 'm' }).repeat(2));
  await eventually(async () => {
    const { sum } = await exporter.scrape();
    assert.equal(sum('llm_requests_total', { provider: 'novita', model: 'm', code: '200' }), 2);
  });
});

test('it tells what the lines tell, what they do not, and what to do about that', async (t) => {
  const log = join(await tempDir(t), 'access.log');
  await writeFile(log, `${COMBINED.repeat(8)}${COMBINED.replace('/v1/chat/completions', '/')}broken\n`);
  const run = runCli(t, ['detect', log]);
  assert.equal(await run.exit, 0, run.stderr());
  const text = run.stdout();
  assert.match(text, /^ {2}format +combined: .*\(fits 90 % of the lines\)$/m);
  assert.match(text, /^ {2}lines +10$/m);
  assert.match(text, /^ {2}requests +8$/m);
  assert.match(text, /^ {2}other paths +1$/m);
  assert.match(text, /^ {2}rejected +no_match × 1$/m);
  assert.match(text, /^ {2}fields +time$/m);
  assert.match(text, /^ {2}missing +model: .*deploy\/nginx\/llm-log\.conf/m);
  assert.match(text, /^ {2}missing +duration: .*request_time/m);
});

const ADVICE_BY_FORMAT = {
  alb: { model: /an ALB cannot log it/i },
  envoy: { model: /gen_ai\.request\.model/, stream: /envoy-json/ },
  haproxy: { model: /http-request capture.*captured_request\.0/ },
  kong: { stream: /Kong/ },
  traefik: { stream: /proxy/ },
  uvicorn: { duration: /uvicorn/ },
};

for (const [format, expected] of Object.entries(ADVICE_BY_FORMAT)) {
  test(`what is missing in a log of ${format} is advised in its own terms`, async () => {
    const log = await readFile(new URL(`../fixtures/logs/${format}.log`, import.meta.url));
    const { report } = await detected(log);
    assert.equal(report.reading.format, format);
    const fields: readonly { field: string; advice?: string }[] = report.fields;
    for (const [field, advice] of Object.entries(expected)) {
      assert.match(fields.find((one) => one.field === field)?.advice ?? '', advice);
    }
    assert.doesNotMatch(JSON.stringify(fields), /nginx/);
  });
}

test('every span of an export counts, also where the first of a line is about something else', async () => {
  const attributesOf = (fields: object) =>
    Object.entries(fields).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const times = { startTimeUnixNano: '1788309104250000000', endTimeUnixNano: '1788309105534000000' };
  const spans = ['invoke_agent', 'chat', 'chat'].map((operation) => {
    return { ...times, attributes: attributesOf({ 'gen_ai.operation.name': operation, 'gen_ai.request.model': 'm' }) };
  });
  const line = `${JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })}\n`;
  const { report } = await detected(line.repeat(2));
  assert.deepEqual(
    [report.reading?.format, report.lines, report.events, report.filtered, report.fits],
    ['otlp', 6, 4, 2, true],
  );
});

test('a gzipped log that was rotated away is read, and the log written now is configured', async (t) => {
  const dir = await tempDir(t);
  for (const name of ['access.log.2.gz', 'access.log-20260902.gz', 'access.log.1', 'access.log']) {
    const log = join(dir, name);
    await writeFile(log, name.endsWith('.gz') ? gzipSync(COMBINED.repeat(5)) : COMBINED.repeat(5));
    const { stdout, code } = await runCommand(['detect', '--json', log]);
    const { reading, events, config } = JSON.parse(stdout);
    assert.deepEqual([code, reading.format, events], [0, 'combined', 5], name);
    assert.ok(config.includes(`- file: ${join(dir, 'access.log')}\n`), config);
  }
});

test('several files give one configuration, each file once', async (t) => {
  const dir = await tempDir(t);
  const names = ['a.log', 'a.log.1', 'b.json'].map((name) => join(dir, name));
  for (const name of names) await writeFile(name, name.endsWith('json') ? jsonLine({ request_time: 1 }) : COMBINED);
  const { stdout, code } = await runCommand(['detect', ...names]);
  assert.equal(code, 0);
  const [, pasted = ''] = stdout.split(/^# .*\n/m);
  assert.deepEqual(
    [...pasted.matchAll(/file: (.*)/g)].map(([, file]) => file),
    [names[0], names[2]],
  );
});

test('lines that a container runtime wrapped are told with their wrapper, from a pipe too', async () => {
  const docker = `${JSON.stringify({ log: jsonLine({ request_time: 1, model: 'm' }), stream: 'stdout', time: '2026-09-02T00:31:44Z' })}\n`;
  const { report } = await detected(docker.repeat(3));
  assert.deepEqual([report.reading.wrapper, report.events], ['docker', 3]);
  assert.match(report.config, /^stdin:\n.*wrapper: docker\n/s);
});

test('a log_format that is given is tried and configured', async (t) => {
  const dir = await tempDir(t);
  const log = join(dir, 'access.log');
  await writeFile(log, '503|POST /v1/chat/completions HTTP/1.1|0.120|2026-09-02T00:31:44+00:00\n'.repeat(3));
  const format = '$status|$request|$request_time|$time_iso8601';
  const { stdout, code } = await runCommand(['detect', '--json', log, '--log-format', format]);
  const { events, config, fields } = JSON.parse(stdout);
  assert.deepEqual([code, events], [0, 3]);
  assert.ok(fields.some(({ field, told }: { field: string; told: number }) => field === 'duration' && told === 3));
  await writeFile(join(dir, 'config.yml'), config);
  assert.equal((await runCommand(['check-config', join(dir, 'config.yml')])).code, 0);
});

test('a log that no format fits is a problem, which names the closest', async (t) => {
  const dir = await tempDir(t);
  const prose = await detected('Once upon a time\nthere was a model\n');
  assert.deepEqual([prose.code, prose.report.fits, prose.report.config], [1, false, '']);
  const log = join(dir, 'mostly.log');
  await writeFile(log, `${COMBINED}${'something else altogether\n'.repeat(9)}`);
  const run = runCli(t, ['detect', log]);
  assert.equal(await run.exit, 1);
  assert.match(run.stdout(), /none; closest is combined/);
  assert.match(run.stderr(), /no format fits its lines; closest is combined/);
});

test('an empty log and one that is not there are problems', async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, 'empty.log'), '');
  for (const [file, said] of [
    [join(dir, 'empty.log'), /no whole line/],
    [join(dir, 'none.log'), /ENOENT/],
    [dir, /EISDIR/],
  ] as const) {
    const run = runCli(t, ['detect', file]);
    assert.equal(await run.exit, 1);
    assert.match(run.stderr(), said);
  }
});

test('a log of other paths only is told as such', async () => {
  const { code, report } = await detected(jsonLine({ request_uri: '/healthz', request_time: 0.1 }).repeat(20));
  assert.deepEqual([code, report.events, report.filtered], [0, 0, 20]);
  assert.ok(
    report.fields.some(({ field, told }: { field: string; told: number }) => field === 'duration' && told === 20),
  );
});

test('nothing that the lines say is printed', async (t) => {
  const log = join(await tempDir(t), 'secret.log');
  const fields = { request_time: 1, model: 'secret-model', authorization: 'Bearer sk-secret', 'sk-secret-name': 1 };
  await writeFile(log, `${jsonLine(fields)}${jsonLine({ ...fields, status: 'secret-status' })}secret prose, secret\n`);
  for (const flags of [[], ['--json']]) {
    const { stdout } = await runCommand(['detect', log, ...flags]);
    assert.doesNotMatch(stdout.replaceAll(log, ''), /secret|Bearer/);
  }
  assert.match(await readFile(log, 'utf8'), /secret/);
});
