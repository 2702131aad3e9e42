import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { parseExposition, scrape } from '../support/scrape.ts';
import { startWeb } from '../support/web.ts';

/** What Prometheus sends with each scrape. */
const PROMETHEUS = { 'X-Prometheus-Scrape-Timeout-Seconds': '10', 'User-Agent': 'Prometheus/3.5.0' };
const AGENT = { ...PROMETHEUS, 'User-Agent': 'vmagent/1.126.0' };
const tokens = { provider: 'p', model: 'm', token_type: 'input' };

describe('GET /metrics', () => {
  test('is text format 0.0.4, each family once, ours and those of the process', async (t) => {
    const { url } = await startWeb(t);
    const response = await fetch(`${url}/metrics`);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    const { sum } = parseExposition(text);
    assert.ok(sum('process_resident_memory_bytes') > 0);
    assert.ok(sum('llm_cause_info') > 0);
    const named = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    assert.equal(new Set(named).size, named.length);
  });

  test('measures its own answers', async (t) => {
    const { url } = await startWeb(t);
    await scrape(url);
    await scrape(url);
    assert.equal((await scrape(url)).sum('llm_exporter_scrape_duration_seconds_count'), 2);
  });

  test('shows a new series as 0 once to each scraper, and its value to a person', async (t) => {
    const { url, store } = await startWeb(t);
    await scrape(url, PROMETHEUS);
    await scrape(url, AGENT);
    store.add('llm_tokens_total', tokens, 7);
    const value = async (headers = {}) => (await scrape(url, headers)).sum('llm_tokens_total');
    assert.equal(await value(), 7);
    assert.deepEqual([await value(PROMETHEUS), await value(PROMETHEUS)], [0, 7]);
    assert.deepEqual([await value(AGENT), await value(AGENT)], [0, 7]);
    assert.equal(await value(), 7);
  });

  test('shows values at once when birth is immediate', async (t) => {
    const { url, store } = await startWeb(t, { birth: 'immediate' });
    await scrape(url, PROMETHEUS);
    store.add('llm_tokens_total', tokens, 7);
    assert.equal((await scrape(url, PROMETHEUS)).sum('llm_tokens_total'), 7);
  });

  test('is gzipped for those who accept it, and only for them', async (t) => {
    const { port } = await startWeb(t);
    const get = (encoding: string) => rawRequest(port, `GET /metrics HTTP/1.1\r\nAccept-Encoding: ${encoding}\r\n`);
    const packed = await get('gzip');
    assert.match(packed.head, /content-encoding: gzip/i);
    assert.ok(parseExposition(gunzipSync(packed.body).toString()).samples.length > 0);
    for (const encoding of ['identity', 'gzip;q=0', 'br']) {
      const plain = await get(encoding);
      assert.doesNotMatch(plain.head, /content-encoding/i, encoding);
      assert.match(plain.head, /vary: accept, accept-encoding/i);
      assert.ok(parseExposition(plain.body.toString()).samples.length > 0);
    }
  });

  test('answers HEAD with the headers alone, and shows the scraper nothing by it', async (t) => {
    const { url, store } = await startWeb(t);
    await scrape(url, PROMETHEUS);
    store.add('llm_tokens_total', tokens, 7);
    const response = await fetch(`${url}/metrics`, { method: 'HEAD', headers: PROMETHEUS });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /version=0\.0\.4/);
    assert.equal(await response.text(), '');
    assert.equal((await scrape(url, PROMETHEUS)).sum('llm_tokens_total'), 0);
  });

  test('a scraper that leaves half way harms nothing, and still gets its 0', async (t) => {
    const { url, port, store, logged } = await startWeb(t);
    await scrape(url, PROMETHEUS);
    for (let index = 0; index < 50_000; index += 1) {
      store.add('llm_tokens_total', { ...tokens, model: `m${index}` }, 7);
    }
    const socket = connect(port, '127.0.0.1');
    const headers = Object.entries(PROMETHEUS).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET /metrics HTTP/1.1\r\nHost: x\r\n${headers.join('')}\r\n`);
    await once(socket, 'data');
    socket.destroy();
    await eventually(async () => assert.equal((await fetch(`${url}/-/healthy`)).status, 200));
    assert.equal((await scrape(url, PROMETHEUS)).sum('llm_tokens_total'), 0);
    assert.equal((await scrape(url, PROMETHEUS)).sum('llm_tokens_total'), 350_000);
    assert.deepEqual(logged, []);
  });

  test('an error while rendering is logged, and told as nothing but an error', async (t) => {
    const { url, store, logged } = await startWeb(t);
    store.beforeCollect(() => {
      throw new Error('secret detail');
    });
    const outcome = await fetch(`${url}/metrics`).then(
      async (response) => `${response.status} ${await response.text()}`,
      () => 'cut off',
    );
    assert.doesNotMatch(outcome, /^200|secret/);
    assert.match(logged.join(''), /level=error .*secret detail/);
  });

  test('lets other work run while it renders many series', async (t) => {
    const { url, store } = await startWeb(t);
    for (let index = 0; index < 50_000; index += 1) store.add('llm_tokens_total', { ...tokens, model: `m${index}` });
    let turns = 0;
    let busy = true;
    const turn = () => {
      turns += 1;
      if (busy) setImmediate(turn);
    };
    store.beforeCollect(() => setImmediate(turn));
    await scrape(url);
    busy = false;
    // One turn for each piece of 64 Ki characters.
    assert.ok(turns > 40, `${turns} turns of the event loop`);
  });
});

/** Speaks HTTP itself where `fetch` would choose its own Accept-Encoding. */
async function rawRequest(port: number, head: string): Promise<{ readonly head: string; readonly body: Buffer }> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer')));
  socket.write(`${head}Host: x\r\nConnection: close\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray());
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.toString('latin1', 0, end), body: dechunk(answer.subarray(end + 4)) };
}

/** The body of a chunked answer (RFC 9112, section 7.1). */
function dechunk(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let rest = body; ; ) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.toString('latin1', 0, line), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(rest.subarray(line + 2, line + 2 + size));
    rest = rest.subarray(line + 2 + size + 2);
  }
}
