import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseOpenMetrics } from '../support/open-metrics.ts';
import { parseExposition } from '../support/scrape.ts';
import { startWeb } from '../support/web.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const tokens = { provider: 'p', model: 'm', token_type: 'input' };
const failed = { provider: 'p', model: 'm', code: '503', cause: 'model_overloaded', stream: 'false' };

describe('GET /metrics in two formats', () => {
  test('gives OpenMetrics to who asks for it: the same series, and all of it valid', async (t) => {
    const { url, store } = await startWeb(t);
    store.counter('llm_requests_total', failed)(1, { requestId: 'req_1', timeMs: 1_700_000_000_000 });
    const answer = await fetch(`${url}/metrics`, { headers: { Accept: 'application/openmetrics-text;version=1.0.0' } });
    assert.equal(answer?.headers.get('content-type'), OPEN_METRICS);
    assert.equal(answer?.headers.get('vary'), 'Accept, Accept-Encoding');
    const { samples, types, exemplars } = parseOpenMetrics(await answer.text());
    assert.deepEqual(
      exemplars.map(({ name, exemplar }) => [name, exemplar.requestId]),
      [['llm_requests_total', 'req_1']],
    );
    assert.equal(types.get('process_cpu_seconds'), 'counter');
    const text = parseExposition(await (await fetch(`${url}/metrics`)).text());
    const names = (all: typeof samples) => [...new Set(all.map(({ name }) => name))];
    const missing = names(samples).filter((name) => !name.endsWith('_created') && !names(text.samples).includes(name));
    assert.deepEqual(missing, []);
  });

  test('asked in turn, each format stays as it was', async (t) => {
    const { url, store } = await startWeb(t);
    store.add('llm_tokens_total', tokens, 7);
    const counters = async (accept: string) => {
      const text = await (await fetch(`${url}/metrics`, { headers: { Accept: accept } })).text();
      return text
        .split('\n')
        .filter((line) => /^# TYPE .* counter$|^llm_tokens_total|^process_cpu\w* \d/.test(line))
        .map((line) => line.replace(/[\d.]+$/, ''));
    };
    const [text, open] = [await counters('text/plain'), await counters('application/openmetrics-text')];
    assert.notDeepEqual(text, open);
    for (let round = 0; round < 2; round += 1) {
      assert.deepEqual(await counters('text/plain'), text);
      assert.deepEqual(await counters('application/openmetrics-text'), open);
    }
  });

  test('HEAD tells the format and the encoding, and sends nothing', async (t) => {
    const { port } = await startWeb(t);
    const options = { host: '127.0.0.1', port, path: '/metrics', method: 'HEAD' };
    const [head]: IncomingMessage[] = await once(
      get({ ...options, headers: { Accept: 'application/openmetrics-text', 'Accept-Encoding': 'gzip' } }).end(),
      'response',
    );
    assert.deepEqual([head?.statusCode, head?.headers['content-type']], [200, OPEN_METRICS]);
    assert.equal(head?.headers['content-encoding'], 'gzip');
    assert.deepEqual(await head?.toArray(), []);
  });

  test('gzips both', async (t) => {
    const { port } = await startWeb(t);
    for (const [accept, type] of [
      ['*/*', TEXT],
      ['application/openmetrics-text', OPEN_METRICS],
    ] as const) {
      const headers = { Accept: accept, 'Accept-Encoding': 'gzip' };
      const [answer]: IncomingMessage[] = await once(
        get({ host: '127.0.0.1', port, path: '/metrics', headers }),
        'response',
      );
      assert.deepEqual([answer?.headers['content-type'], answer?.headers['content-encoding']], [type, 'gzip']);
      const text = gunzipSync(Buffer.concat((await answer?.toArray()) ?? [])).toString();
      if (type === TEXT) parseExposition(text);
      else parseOpenMetrics(text);
    }
  });

  test('counting while a slow client reads changes nothing in its answer', async (t) => {
    const { port, store } = await startWeb(t);
    const counts = Array.from({ length: 50_000 }, (_, index) =>
      store.counter('llm_tokens_total', { ...tokens, model: `m${index}` }),
    );
    for (const count of counts) count(7);
    const [answer]: IncomingMessage[] = await once(get({ host: '127.0.0.1', port, path: '/metrics' }), 'response');
    // Nothing is read yet, and the answer is far larger than what sockets hold.
    for (const count of counts) count(1);
    store.add('llm_tokens_total', { ...tokens, model: 'born later' });
    const { by, sum } = parseExposition(Buffer.concat((await answer?.toArray()) ?? []).toString());
    assert.equal(Object.keys(by('llm_tokens_total', ['model'])).length, 50_000);
    assert.equal(sum('llm_tokens_total'), 350_000);
  });

  test('what is shown is noted before the cut is asked for, and nothing is sent before it is there', async (t) => {
    const order: string[] = [];
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    const { url, store } = await startWeb(t, {
      scrapers: {
        begin: () => {
          order.push('begin');
          return { view: { afterBirth: 0 }, delivered: () => order.push('delivered') };
        },
        save: () => ({ shown: 0, scrapers: [] }),
      },
      cut: async () => {
        order.push('cut');
        const cut = store.cut();
        await written;
        order.push('written');
        return cut;
      },
    });
    store.add('llm_tokens_total', tokens, 7);
    let answered = false;
    const asked = fetch(`${url}/metrics`, { headers: { 'X-Prometheus-Scrape-Timeout-Seconds': '10' } }).finally(() => {
      answered = true;
    });
    await fetch(`${url}/-/healthy`);
    assert.equal(answered, false);
    write();
    assert.equal(parseExposition(await (await asked).text()).sum('llm_tokens_total'), 0);
    assert.deepEqual(order, ['begin', 'cut', 'written', 'delivered']);
  });

  test('a cut that cannot be had is an error that can be read', async (t) => {
    const { url, logged } = await startWeb(t, { cut: () => Promise.reject(new Error('secret detail')) });
    const answer = await fetch(`${url}/metrics`);
    assert.deepEqual([answer.status, await answer.text()], [500, 'Internal Server Error\n']);
    assert.match(logged.join(''), /secret detail/);
  });
});
