import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { debianProgram } from '../../src/demo/programs.ts';
import { eventually } from '../support/eventually.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { startUpstream } from '../support/upstream.ts';
import { startWeb } from '../support/web.ts';

/** What formats and parsers trip over; NUL and half a surrogate pair arrive as the replacement character. */
const HOSTILE = [
  '"',
  '\\',
  '\\n',
  '\n',
  '\r',
  '} 1 # {',
  ' # {request_id="x"} 1 1',
  'a,b="c"',
  '\u{1f600}',
  '\0',
  '\ud800',
  '\u2028',
  '  ',
];
const SEEN = [...new Set(HOSTILE.map((model) => model.toWellFormed().replaceAll('\0', '\ufffd')))];
const duration = { provider: 'p', model: 'm', stream: 'false', outcome: 'error' };
const failed = { provider: 'p', model: 'm', code: '503', cause: 'model_overloaded', stream: 'false' };

describe('GET /metrics to the real Prometheus', () => {
  test('is accepted in both formats, as the same series', async (t) => {
    const { port, store } = await startWeb(t, { birth: 'immediate' });
    for (const model of HOSTILE) store.add('llm_tokens_total', { provider: 'p', model, token_type: 'input' }, 7);
    for (const seconds of [0.2, 1, 59]) store.observe('llm_request_duration_seconds', duration, seconds);
    store.set('llm_exporter_source_lag_seconds', { source: 'never' }, Number.NaN);
    const openMetrics = await startFront(t, port);
    const text = await startFront(t, port, { Accept: 'text/plain;version=0.0.4' });
    const prometheus = await startPrometheus(t, {
      targets: { openMetrics: [openMetrics.address], text: [text.address] },
    });
    await eventually(async () => {
      const up = await prometheus.query('up');
      assert.deepEqual(
        up.map(({ value }) => value),
        [1, 1],
      );
    });

    const accept = openMetrics.asked()?.accept;
    assert.match(accept ?? '', /^application\/openmetrics-text;version=1\.0\.0,/);
    assert.equal(openMetrics.answered(), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.equal(text.answered(), 'text/plain; version=0.0.4; charset=utf-8');

    const models = async (job: string) =>
      (await prometheus.query(`llm_tokens_total{job="${job}"} >= 7`)).map(({ labels }) => labels.model).sort();
    const names = async (job: string) => {
      const series = await prometheus.query(
        `{job="${job}", __name__=~"(llm|process|nodejs)_.*", __name__!~".*_created"}`,
      );
      const own = series.map(({ labels: { job: _job, instance: _instance, ...labels } }) => JSON.stringify(labels));
      // Kinds of garbage collections, of handles and of resources come and go between the two scrapes.
      return own.filter((labels) => !/nodejs_(gc|active)/.test(labels)).sort();
    };
    assert.deepEqual(await models('text'), SEEN.toSorted());
    assert.deepEqual(await models('openMetrics'), SEEN.toSorted());
    await eventually(async () => assert.deepEqual(await names('openMetrics'), await names('text')));
    const created = await prometheus.query('llm_request_duration_seconds_created');
    assert.equal(created.length, 1);
  });

  test('gives it exemplars to keep', async (t) => {
    const { port, store } = await startWeb(t, { birth: 'immediate' });
    store.counter('llm_requests_total', failed)(1, { requestId: 'req_1', timeMs: Date.now() });
    store.histogram('llm_request_duration_seconds', duration)(59, { requestId: 'req_2', timeMs: Date.now() });
    const prometheus = await startPrometheus(t, {
      targets: { exporter: [`127.0.0.1:${port}`] },
      features: ['exemplar-storage'],
    });
    const stored = async (query: string) => {
      const range = { start: String(Date.now() / 1000 - 300), end: String(Date.now() / 1000 + 60) };
      const answer = await fetch(
        `${prometheus.url}/api/v1/query_exemplars?${new URLSearchParams({ query, ...range })}`,
      );
      return answer.text();
    };
    await eventually(async () => {
      assert.match(await stored('llm_requests_total'), /"labels":\{"request_id":"req_1"\},"value":"1"/);
      assert.match(
        await stored('llm_request_duration_seconds_bucket'),
        /"labels":\{"request_id":"req_2"\},"value":"59"/,
      );
    });
  });

  test('passes promtool check metrics', async (t) => {
    const { url, store } = await startWeb(t);
    for (const model of HOSTILE) store.add('llm_tokens_total', { provider: 'p', model, token_type: 'input' }, 7);
    store.observe('llm_request_duration_seconds', duration, 3);
    const promtool = spawn(await debianProgram('promtool'), ['check', 'metrics'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    promtool.stdin.end(await (await fetch(`${url}/metrics`)).text());
    const errors = promtool.stderr.toArray();
    const [code] = await once(promtool, 'close');
    assert.deepEqual([code, Buffer.concat(await errors).toString()], [0, '']);
  });
});

/** Passes scrapes on, with other headers where given, and remembers the last. */
async function startFront(t: TestContext, port: number, instead: Readonly<Record<string, string>> = {}) {
  let asked: IncomingHttpHeaders | undefined;
  let answered: string | null = null;
  const front = await startUpstream(t, async (request, response) => {
    asked = request.headers;
    const headers = { Accept: asked.accept ?? '', ...instead };
    // Prometheus goes on scraping while a test ends, and what it scrapes may be gone first.
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers }).catch(() => undefined);
    if (answer === undefined) {
      response.writeHead(502).end();
      return;
    }
    answered = answer.headers.get('content-type');
    response.setHeader('Content-Type', answered ?? '').end(await answer.text().catch(() => ''));
  });
  return { address: `127.0.0.1:${front.port}`, asked: () => asked, answered: () => answered };
}
