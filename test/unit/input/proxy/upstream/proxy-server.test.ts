import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proxyFor } from '../../../../../src/input/proxy/upstream/proxy-server.ts';

const found = (url: string, env: Record<string, string>): string | undefined => {
  const proxy = proxyFor(new URL(url), env);
  return proxy === undefined ? undefined : `${proxy.isTls ? 'https' : 'http'} ${proxy.host} ${proxy.port}`;
};

describe('the proxy of the environment', () => {
  for (const [what, url, env, expected] of [
    ['none', 'https://api.example', {}, undefined],
    ['https', 'https://api.example', { HTTPS_PROXY: 'http://p.example:3128' }, 'http p.example 3128'],
    ['http', 'http://api.example', { HTTP_PROXY: 'http://p.example:3128' }, 'http p.example 3128'],
    ['that of the other scheme', 'http://api.example', { HTTPS_PROXY: 'http://p.example:3128' }, undefined],
    [
      'small letters first',
      'https://a.example',
      { https_proxy: 'http://s.example', HTTPS_PROXY: 'http://c.example' },
      'http s.example 80',
    ],
    ['an empty one', 'https://a.example', { https_proxy: '', HTTPS_PROXY: 'http://c.example' }, 'http c.example 80'],
    ['one for all', 'https://a.example', { ALL_PROXY: 'p.example:1' }, 'http p.example 1'],
    ['over TLS', 'https://a.example', { HTTPS_PROXY: 'https://p.example' }, 'https p.example 443'],
    ['an IPv6 address', 'https://a.example', { HTTPS_PROXY: 'http://[::2]:3128/' }, 'http ::2 3128'],
    ['localhost', 'http://localhost:8000', { HTTP_PROXY: 'http://p.example' }, undefined],
    ['loopback', 'http://127.1.2.3:8000', { HTTP_PROXY: 'http://p.example' }, undefined],
    ['loopback in IPv6', 'http://[::1]:8000', { HTTP_PROXY: 'http://p.example' }, undefined],
  ] as const) {
    test(what, () => assert.equal(found(url, env), expected));
  }

  test('a login becomes a header', () => {
    const proxy = proxyFor(new URL('https://a.example'), { HTTPS_PROXY: 'http://us%40er:p%C3%A4ss:%25@p.example' });
    assert.equal(proxy?.authorization, `Basic ${Buffer.from('us@er:päss:%').toString('base64')}`);
    assert.equal(proxyFor(new URL('https://a.example'), { HTTPS_PROXY: 'http://p.example' })?.authorization, undefined);
  });

  for (const value of [
    'socks5://user:secret@p.example',
    'http://',
    'http://user:secret@',
    'user:secret@p.example:port',
  ])
    test(`${value.replace('secret', '***')} is refused without its password`, () => {
      const read = (): unknown => proxyFor(new URL('https://a.example'), { HTTPS_PROXY: value });
      assert.throws(read, (error: Error) => /^https_proxy /.test(error.message) && !error.message.includes('secret'));
    });
});

describe('hosts that need none', () => {
  for (const [list, url, isDirect] of [
    ['*', 'https://a.example', true],
    ['a.example', 'https://a.example', true],
    ['A.Example', 'https://a.example', true],
    ['a.example', 'https://b.a.example', true],
    ['.a.example', 'https://b.a.example', true],
    ['.a.example', 'https://a.example', true],
    ['*.a.example', 'https://b.a.example', true],
    ['a.example', 'https://aa.example', false],
    ['a.example', 'https://a.example.com', false],
    ['example', 'https://a.example', true],
    ['a.example:443', 'https://a.example', true],
    ['a.example:8443', 'https://a.example', false],
    ['a.example:8443', 'https://a.example:8443', true],
    ['x, b.example\tc.example,,', 'https://c.example', true],
    ['', 'https://a.example', false],
    [' , ', 'https://a.example', false],
    ['.', 'https://a.example', false],
    ['10.0.0.1', 'https://10.0.0.1', true],
    ['10.0.0.1', 'https://10.0.0.10', false],
    ['10.0.0.0/8', 'https://10.200.0.1', true],
    ['10.0.0.0/8', 'https://11.0.0.1', false],
    ['10.0.0.0/99', 'https://10.0.0.1', false],
    ['10.0.0.0/', 'https://10.0.0.1', false],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['fd12::1', 'https://[fd12::1]', true],
    ['[fd12::1]:443', 'https://[fd12::1]', true],
    ['[fd12::1]:80', 'https://[fd12::1]', false],
    ['0.1', 'https://10.0.0.1', false],
  ] as const) {
    test(`${JSON.stringify(list)} and ${url}: ${isDirect ? 'direct' : 'proxy'}`, () => {
      const env = { HTTPS_PROXY: 'http://p.example', NO_PROXY: list };
      assert.equal(found(url, env) === undefined, isDirect);
    });
  }
});
