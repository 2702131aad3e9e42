import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadCatalogue } from '../../src/classify/catalogue.ts';
import { classify } from '../../src/classify/classify.ts';
import type { LineFormat } from '../../src/config/schema-lines.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';
import { detectFormat } from '../../src/input/log/formats/detect.ts';
import { createLineParser } from '../../src/input/log/formats/line-parser.ts';
import { eventually } from '../support/eventually.ts';
import { startNginx } from '../support/nginx.ts';

/** The directives as an operator has them, which are also what the exporter is told. */
const TEXT = `log_format own_text '$remote_addr [$time_local] "$request" $status $request_time '
      '"$http_user_agent" $upstream_status $upstream_connect_time $upstream_header_time $upstream_addr '
      '"$http_x_model" $request_id';`;
const JSON_FORMAT = `log_format own_json escape=json '{"when":$msec,"ask":{"line":"$request","agent":"$http_user_agent"},'
      '"took_ms":$request_time,"status":"$upstream_status","result":$status,'
      '"connect":"$upstream_connect_time","head":"$upstream_header_time","m":"$http_x_model","rid":"$request_id"}';`;

const CATALOGUE = loadCatalogue();

/** What tells who made an error is beyond a combined log. */
const CAUSES = [
  ['200 none', '200 none'],
  ['429 rate_limit_unspecified', '429 rate_limit_unspecified'],
  ['503 service_unavailable', '503 service_unavailable'],
  ['502 upstream_unreachable', '502 upstream_bad_response'],
  ['200 none', '200 none'],
  ['504 upstream_timeout', '504 upstream_timeout'],
  ['200 none', '200 none'],
  ['503 gateway_overload', '503 service_unavailable'],
  ['499 client_aborted', '499 client_aborted'],
] as const;

/** Clients write what they like. */
const AGENT = 'odd "agent\\" \xe9 [x] {y}';

test('what nginx itself writes in combined, in a text and in a JSON format of its own is read right', async (t) => {
  const { url: upstream, waiting } = await startUpstream(t);
  const nginx = await startNginx(t, { http: http(upstream), server: locations(upstream) });
  const paths = ['200', '429', '503', 'nobody', 'second', 'slow', 'limited', 'limited'];
  for (const path of paths) await send(`${nginx.url}/${path}/v1/chat/completions`);
  const leave = await sendWithoutWaiting(`${nginx.url}/hanging/v1/chat/completions`);
  await eventually(() => assert.equal(waiting.size, 2));
  leave();
  await send(`${nginx.url}/200/other`);

  const logs: readonly (readonly [file: string, format: LineFormat, logFormat?: string])[] = [
    ['combined.log', 'combined'],
    ['text.log', 'nginx', TEXT],
    ['json.log', 'nginx', JSON_FORMAT],
  ];
  for (const [file, format, logFormat] of logs) {
    const lines = await linesOf(join(nginx.folder, file), CAUSES.length + 1);
    const check = (event: RequestEvent) => {
      assert.ok(Math.abs(event.timeMs - Date.now()) < 600_000);
      if (format === 'combined') return;
      assert.equal(event.model, 'deepseek/"v3"é', file);
      assert.match(event.requestId ?? '', /^[0-9a-f]{32}$/);
      assert.ok(event.durationSeconds !== undefined && event.durationSeconds < 60);
    };
    assert.deepEqual(
      causesOf(lines, { format, logFormat, check }),
      CAUSES.map(([told, bare]) => (format === 'combined' ? bare : told)),
      file,
    );
  }
  assert.equal(detectFormat(await linesOf(join(nginx.folder, 'combined.log'), 1))?.format, 'combined');
  // One line for each server that failed, so the request that went well at the second has one, too.
  const failures = causesOf(await linesOf(join(nginx.folder, 'error.log'), 5), { format: 'nginx-error' });
  assert.deepEqual(failures, [
    '502 upstream_unreachable',
    '502 upstream_unreachable',
    '504 upstream_timeout',
    '503 gateway_overload',
    '499 client_aborted',
  ]);
});

interface Reading {
  readonly format: LineFormat;
  readonly logFormat?: string | undefined;
  readonly check?: (event: RequestEvent) => void;
}

/** Status and cause of each line that is a request; all others must be filtered. */
function causesOf(lines: readonly Buffer[], { format, logFormat, check = () => {} }: Reading): string[] {
  const parse = createLineParser({ format, logFormat, provider: 'p', clock: { nowMs: () => 0 } });
  return lines.flatMap((line) => {
    const result = parse(line, 0, line.length);
    if (result === 'filtered') return [];
    assert.ok(typeof result === 'object', `${format}: ${result}: ${line}`);
    check(result);
    return [`${result.code} ${classify(result, CATALOGUE).cause}`];
  });
}

function http(upstream: string): string {
  const port = new URL(upstream).port;
  return `${TEXT}
    ${JSON_FORMAT}
    limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
    upstream second { server 127.0.0.1:1; server 127.0.0.1:${port}; }`;
}

function locations(upstream: string): string {
  return `
    error_log error.log info;
    access_log combined.log combined;
    access_log text.log own_text;
    access_log json.log own_json;
    proxy_read_timeout 60s;
    location / { proxy_pass ${upstream}; }
    location /nobody/ { proxy_pass http://127.0.0.1:1; }
    location /second/ { proxy_pass http://second/200/; proxy_next_upstream error; }
    location /slow/ { proxy_pass ${upstream}/hanging/; proxy_read_timeout 100ms; }
    location /limited/ { limit_req zone=one; proxy_pass ${upstream}/200/; }`;
}

/** Answers with the status that the path begins with; `hanging` never. */
async function startUpstream(
  t: TestContext,
): Promise<{ readonly url: string; readonly waiting: ReadonlySet<unknown> }> {
  const waiting = new Set<ServerResponse>();
  const server = createServer((incoming, response) => {
    const status = Number(incoming.url?.split('/')[1]);
    if (Number.isNaN(status)) waiting.add(response);
    else response.writeHead(status).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { url: `http://127.0.0.1:${address.port}`, waiting };
}

const HEADERS = {
  'user-agent': AGENT,
  'x-model': Buffer.from('deepseek/"v3"é').toString('latin1'),
  authorization: 'Bearer sk-secret',
};

/** Bytes: beside a text Node would write the headers as UTF-8, too. */
const BODY = Buffer.from('{}');

async function send(url: string): Promise<void> {
  const sent = request(url, { method: 'POST', headers: HEADERS, agent: false });
  sent.end(BODY);
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'close');
}

/** A client that may leave before there is an answer. */
async function sendWithoutWaiting(url: string): Promise<() => void> {
  const sent = request(url, { method: 'POST', headers: HEADERS, agent: false });
  sent.on('error', () => {});
  sent.end(BODY);
  await once(sent, 'finish');
  return () => sent.destroy();
}

async function linesOf(file: string, least: number): Promise<readonly Buffer[]> {
  return eventually(async () => {
    const text = await readFile(file, 'latin1');
    const lines = text.split('\n').slice(0, -1);
    assert.ok(lines.length >= least, `${file} has ${lines.length} lines`);
    return lines.map((line) => Buffer.from(line, 'latin1'));
  });
}
