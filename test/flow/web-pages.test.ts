import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { Problem } from '../../src/problem.ts';
import { startWeb } from '../support/web.ts';

describe('web pages', () => {
  test('the status page loads nothing, runs nothing and is styled all the same', async (t) => {
    const { url } = await startWeb(t);
    const response = await fetch(url);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    assert.match(response.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/);
    assert.ok(policy.includes("default-src 'none'") && policy.includes(`style-src 'sha256-${hash}'`), policy);
    assert.doesNotMatch(page, /<script|<img|<link|https?:\/\//);
  });

  test('the API speaks JSON', async (t) => {
    const { url, recorder } = await startWeb(t);
    recorder.open({ provider: 'novita' }).end({ timeMs: 1, provider: 'novita', model: 'm1', code: 503, final: true });
    // Any: what the API says is checked below, not by types.
    const get = async (path: string) => JSON.parse(await (await fetch(`${url}/api/v1/${path}`)).text()).data;
    assert.equal((await get('status')).version, '1.2.3');
    assert.equal((await get('failures'))[0].code, 503);
    const causes: readonly { readonly id: string; readonly summary: string }[] = await get('causes');
    assert.ok(causes.some(({ id, summary }) => id === 'model_overloaded' && summary !== ''));
  });

  test('every answer forbids sniffing, framing and caching, and names no software', async (t) => {
    const { url } = await startWeb(t);
    for (const path of ['/', '/metrics', '/-/healthy', '/api/v1/status', '/nothing']) {
      const { headers } = await fetch(url + path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
      assert.equal(headers.get('cache-control'), 'no-store', path);
      assert.equal(headers.get('x-powered-by'), null, path);
    }
  });

  test('is healthy always, ready when told so', async (t) => {
    let ready = false;
    const { url } = await startWeb(t, { isReady: () => ready });
    const ask = async (path: string, method = 'GET') => (await fetch(url + path, { method })).status;
    assert.deepEqual([await ask('/-/healthy'), await ask('/-/ready'), await ask('/-/ready', 'HEAD')], [200, 503, 503]);
    ready = true;
    assert.deepEqual([await ask('/-/healthy', 'HEAD'), await ask('/-/ready')], [200, 200]);
  });

  test('reloads only when that is enabled, and says what is wrong', async (t) => {
    const disabled = await startWeb(t);
    assert.equal((await fetch(`${disabled.url}/-/reload`, { method: 'POST' })).status, 403);

    let problems: readonly Problem[] = [];
    let reloads = 0;
    const reload = () => {
      reloads += 1;
      return problems;
    };
    const { url } = await startWeb(t, { reload });
    for (const method of ['POST', 'PUT']) assert.equal((await fetch(`${url}/-/reload`, { method })).status, 200);
    assert.equal((await fetch(`${url}/-/reload`)).status, 405);
    assert.equal(reloads, 2);
    problems = [{ code: 'c', message: 'limits.models: 0 is below 1', file: 'config.yml', line: 3 }];
    const refused = await fetch(`${url}/-/reload`, { method: 'POST' });
    assert.equal(refused.status, 500);
    assert.match(await refused.text(), /config\.yml:3: limits\.models: 0 is below 1/);
  });

  test('unknown paths are 404, other methods 405 with those allowed', async (t) => {
    const { url } = await startWeb(t);
    for (const path of ['/nothing', '/metrics/x', '/%E0%A4%A', '/..%2f..%2fetc/passwd', '/-/quit', '/__proto__']) {
      assert.equal((await fetch(url + path)).status, 404, path);
    }
    for (const path of ['/', '/metrics', '/-/ready', '/api/v1/causes']) {
      const response = await fetch(url + path, { method: 'DELETE' });
      assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD'], path);
    }
  });

  test('an error inside is logged, and not told', async (t) => {
    const isReady = () => {
      throw new Error('secret detail');
    };
    const { url, logged } = await startWeb(t, { isReady });
    const response = await fetch(`${url}/-/ready?token=hidden`);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret|at /);
    assert.match(logged.join(''), /level=error .*path=\/-\/ready .*secret detail/);
    assert.doesNotMatch(logged.join(''), /hidden/);
  });

  test('hostile requests are refused and the server goes on', async (t) => {
    const { url, port } = await startWeb(t);
    const hostile = [
      `GET / HTTP/1.1\r\nHost: "><script>\r\nConnection: close\r\n\r\n`,
      `GET http://elsewhere.example/metrics HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      '\u0000\u0001\u0002 nonsense\r\n\r\n',
    ];
    for (const request of hostile) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}); // A reset is as good an answer as any.
      socket.end(request);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    assert.equal((await fetch(`${url}/-/healthy`)).status, 200);
  });

  test('says why it cannot listen', async (t) => {
    const { web, port } = await startWeb(t);
    const other = await startWeb(t);
    await other.web.close();
    await assert.rejects(other.web.listen({ host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
    await web.close();
    await web.close();
  });

  test('closes although a client reads nothing', async (t) => {
    const { web, port, store } = await startWeb(t);
    for (let index = 0; index < 100_000; index += 1) {
      store.add('llm_tokens_total', { provider: 'p', model: `m${index}`, token_type: 'input' });
    }
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // The server cuts it: that is the point.
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'readable');
    await web.close();
    socket.destroy();
  });
});
