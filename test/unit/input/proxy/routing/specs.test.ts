import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../../../src/config/schema.ts';
import { checkInputs } from '../../../../../src/input/inputs.ts';
import { routeSpecs } from '../../../../../src/input/proxy/routing/specs.ts';
import { problemsOf } from '../../../../support/problems.ts';

const configOf = (proxy: unknown) => configSchema.parse({ proxy });

test('an upstream is what its settings and the environment say', () => {
  const { proxy } = configOf({
    upstreams: [
      {
        ...{ name: 'a', url: 'https://a.example/v1', api_key_env: 'A_KEY', strip_prefix: true, retries: { max: 3 } },
        match: { path_prefix: '/a', host: 'llm.internal', header: 'X-Team:  search: one ' },
      },
      { name: 'b', url: 'http://b.example', api_key_file: '/run/secrets/b' },
    ],
  });
  assert.ok(proxy);
  const [a, b] = routeSpecs(proxy, { A_KEY: 'sk-a', https_proxy: 'http://proxy.internal:3128' });
  assert.equal(a?.target.proxy?.host, 'proxy.internal');
  assert.deepEqual(a?.match, {
    pathPrefix: '/a',
    host: 'llm.internal',
    header: { name: 'X-Team', value: 'search: one' },
  });
  assert.deepEqual([a?.stripPrefix, a?.key, a?.retry?.maxRetries], [true, { value: 'sk-a' }, 3]);
  assert.deepEqual([b?.name, b?.target.provider, b?.target.proxy], ['b', 'b.example', undefined]);
  assert.deepEqual([b?.key, b?.retry], [{ file: '/run/secrets/b' }, undefined]);
});

test('a forward proxy of no use is a problem that does not quote it', () => {
  const config = configOf({ upstream: 'https://a.example' });
  const [problem = ''] = problemsOf(() => checkInputs(config, { HTTPS_PROXY: 'socks5://user:hunter2@proxy' }));
  assert.match(problem, /^the environment: https_proxy/);
  assert.doesNotMatch(problem, /hunter2/);
  checkInputs(config, {});
});
